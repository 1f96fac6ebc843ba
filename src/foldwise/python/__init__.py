"""What the Python functions hand back: a study with its tables and pictures, and scikit-learn estimators."""
