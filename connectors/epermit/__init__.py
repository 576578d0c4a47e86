"""The e-Permit protocol over HTTP: the public API of an authority, its internal API, and its peers."""
