"""Sort fluorescence images into classes with a trained network."""
