"""The options of a configuration as frozen, checked values: about one file for each group of conf/."""
