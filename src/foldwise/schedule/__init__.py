"""Jobs at their times."""
