"""`corridor up`: Kafka, the roles and the sandbox as children, watched and started again when they die."""
