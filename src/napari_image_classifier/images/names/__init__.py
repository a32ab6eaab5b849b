"""File names: patterns that say what their parts mean, and the images that files make."""
