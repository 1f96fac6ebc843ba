"""The HTML, CSS and JavaScript of the pages."""
