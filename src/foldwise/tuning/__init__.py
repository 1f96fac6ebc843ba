"""Proposes the parameters of the next trial."""
