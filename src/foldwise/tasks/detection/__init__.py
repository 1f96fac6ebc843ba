"""Object detection: boxes and their labels."""
