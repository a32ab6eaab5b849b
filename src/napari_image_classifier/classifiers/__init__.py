"""Classifiers: the file, prediction, confidence and novelty."""
