"""Processors: batches of a topic through a pure translation, each in one transaction."""
