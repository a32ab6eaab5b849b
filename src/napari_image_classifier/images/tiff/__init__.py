"""TIFF files: pixels, axes, colours and metadata."""
