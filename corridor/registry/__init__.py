"""What the command line does with a schema registry beyond single requests."""
