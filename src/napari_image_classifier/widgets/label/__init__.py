"""The dock Label images."""
