"""The docks of napari and what they are made of."""
