"""Findings, the tables they are read from, where these are stored, and how they came about."""
