"""Faust and Kafka: processors that run pure translations inside transactions."""
