"""The files of the pages that the home serves."""
