"""The Kafka client: connection, topics, transactions, sizes, and what is known of a Kafka that is away."""
