"""One package for each finding: a frozen config, and ``run(config)`` that returns a tidy table.

A tidy table has one row for each condition, step, network and metric. ``populations`` decides the
numbers in it; ``reading`` tests the claims on it.
"""
