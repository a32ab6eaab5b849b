"""The dock Classify images."""
