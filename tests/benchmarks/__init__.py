"""Benchmarks: `python3 dev.py bench [-- NAMES]`. Ratios within one run; never asserted."""
