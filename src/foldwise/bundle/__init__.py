"""The artefact that answers raw rows: a network, its preparation, and a card with checks."""
