"""The e-Permit protocol, pure: events, proofs, QR codes, and what an authority's ledger adds up to.

Compatible with version 1.1.2 of the published reference implementation. Everything that is signed is signed
over the text that Google's Gson would write, because that is what the reference implementation checks.
"""
