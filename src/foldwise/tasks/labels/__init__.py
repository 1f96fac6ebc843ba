"""A label for each row: one of two, or one of several."""
