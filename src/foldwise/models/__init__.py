"""Build networks from their specification."""
