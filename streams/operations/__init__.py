"""What operators do with topics: dead letters, deliveries once more, a look at what passes."""
