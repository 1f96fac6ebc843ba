"""Checks of the data before training: leaks, copies, groups, order, columns."""
