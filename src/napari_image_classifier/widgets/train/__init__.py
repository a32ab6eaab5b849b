"""The dock Train classifier."""
