"""Boxes with a class in a picture."""
