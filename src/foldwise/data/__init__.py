"""Tables: read, split, prepared on training rows only."""
