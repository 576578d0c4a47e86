"""Webhooks: what participants send to us."""
