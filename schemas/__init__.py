"""The contracts: Avro schemas, mappings, code lists, identifier checks, registry rules.

Pure: no network, no Kafka, no clock.
"""
