"""The plugin under the name that napari knows it by."""

PLUGIN = "napari-image-classifier"
