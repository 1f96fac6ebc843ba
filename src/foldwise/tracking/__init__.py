"""The ledger and what is shown of it."""
