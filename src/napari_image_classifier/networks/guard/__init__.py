"""Checks of a Keras file before Keras opens it."""
