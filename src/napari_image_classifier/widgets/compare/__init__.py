"""The dock Compare with me."""
