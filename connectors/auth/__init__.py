"""Credentials in both directions: secrets by reference, webhook signatures, bearer tokens, OAuth2."""
