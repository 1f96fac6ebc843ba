"""What may be asked for: nearly one file for each group of conf/."""
