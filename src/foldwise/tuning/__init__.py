"""Where the next trial's parameters come from."""
