"""The doors: `python -m pipelines.X`, thin over foldwise."""
