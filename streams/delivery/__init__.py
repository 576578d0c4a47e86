"""Deliveries: messages of a topic to a partner, in order for each subject."""
