"""Everything needed to run the broker: embedded Kafka, container build, compose, systemd units."""
