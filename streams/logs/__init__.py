"""Logs that processes share, and projections of topics into a store outside of Kafka."""
