"""Fixtures and partners shared by the tests."""
