"""From a plain mapping to a specification, and the error sentences on the way."""
