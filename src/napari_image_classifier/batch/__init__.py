"""Folders classified: listing, workers, journal, table."""
