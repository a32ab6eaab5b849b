"""The dock Classify folder."""
