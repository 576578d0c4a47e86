"""The audit: proves from ledgers and topics that nothing was lost, doubled, swapped or altered.

``evidence`` collects what the partners and Kafka say, ``checks`` compares it, ``replay`` translates the
log again and compares the result with what the running broker wrote.
"""
