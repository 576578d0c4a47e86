"""The schema registry over HTTP: the Confluent REST API, and a client for it or for any other registry."""
