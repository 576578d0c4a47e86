"""Deliveries: what we send to participants."""
