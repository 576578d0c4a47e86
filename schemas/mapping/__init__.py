"""The mapping language: YAML files compiled once to straight Python functions (``docs/mapping.md``)."""
