"""Images: their files, pixels, channels and metadata."""
