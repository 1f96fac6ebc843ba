"""Figures against peers: `python -m benchmarks.kfold` and so on. Peers are the extra `bench`."""
