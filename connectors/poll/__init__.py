"""Polling: what we fetch from participants."""
