"""Benchmarks: speed and memory as ratios against a baseline that is measured in the same run.

Absolute figures move with the machine's load; ratios per CPU-second hold. Every figure in the documentation
comes from ``make bench``.
"""
