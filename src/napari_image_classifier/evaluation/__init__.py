"""Evaluation: repeated training on held-out groups, its report, and reproduction."""
