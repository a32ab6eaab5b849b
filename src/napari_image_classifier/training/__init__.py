"""Training without Keras: images, settings, texture classifiers, records."""
