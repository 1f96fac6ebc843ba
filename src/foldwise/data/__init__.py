"""Rows: read, audited, split, prepared on training rows only."""
