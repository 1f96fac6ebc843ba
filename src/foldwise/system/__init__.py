"""Files, signals, limits, redaction, webhooks."""
