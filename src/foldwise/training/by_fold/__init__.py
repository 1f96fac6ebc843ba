"""Folds trained one after the other by Keras's own fit."""
