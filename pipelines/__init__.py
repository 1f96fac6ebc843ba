"""The doors in a checkout, `python -m pipelines.X`; anywhere else they are `foldwise X`."""
