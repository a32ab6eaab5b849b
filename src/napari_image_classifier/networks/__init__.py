"""Keras networks: the only package that imports Keras."""
