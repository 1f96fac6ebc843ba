"""MLflow and its registry: how a study is shown, and where its models are kept."""
