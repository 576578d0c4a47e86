"""HTTP edges: receive, poll, deliver. Nothing about a format, nothing about Kafka."""
