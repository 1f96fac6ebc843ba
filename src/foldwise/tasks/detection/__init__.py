"""Object detection: boxes with a class in a picture."""
