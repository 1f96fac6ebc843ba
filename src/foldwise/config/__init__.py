"""From a plain mapping to checked specifications, with an error message for everything that is wrong in it."""
