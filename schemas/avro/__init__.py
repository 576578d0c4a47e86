"""Avro: parsing and lint of schemas, generated encoders, bounded decoding, wire format, JSON form."""
