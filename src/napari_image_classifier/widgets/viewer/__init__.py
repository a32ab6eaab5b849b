"""Layers, captions and colours in the napari viewer."""
