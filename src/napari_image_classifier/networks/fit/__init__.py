"""Fitting a network: batches, augmentation, loss, checkpoints."""
