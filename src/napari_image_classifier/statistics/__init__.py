"""Intervals, permutation tests, agreement and scores, computed from plain arrays."""
