"""Files, locks, signals, limits, redaction, webhooks."""
