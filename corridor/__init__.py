"""The command `corridor`: settings, supervisor, sandbox, audit. The composition root; nothing imports it."""
