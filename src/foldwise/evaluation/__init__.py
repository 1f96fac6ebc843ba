"""Whether a model is better: metrics, baselines, thresholds, paired tests."""
