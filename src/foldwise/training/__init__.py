"""A trial's folds trained and scored."""
