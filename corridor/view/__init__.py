"""The shipment view in SQL: projected from the log, asked by people, rebuilt from the log at any time."""
