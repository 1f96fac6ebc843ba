"""The values that travel between coordinator, workers and ledger."""
