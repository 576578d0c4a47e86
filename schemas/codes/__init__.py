"""The corridor's codes: identifier checks as pure functions, code lists as data with provenance."""
