"""Train folds one after the other by Keras's own fit."""
