"""Networks from their specification."""
