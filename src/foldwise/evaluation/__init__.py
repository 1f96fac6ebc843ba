"""Compare models: metrics, baselines, thresholds, paired tests."""
