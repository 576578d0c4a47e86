"""What stands in a record beside its body: schema ids, headers, dead letters and reports."""
