"""The schema registry without its edges: schemas, their rules, and the state that a log of records makes."""
