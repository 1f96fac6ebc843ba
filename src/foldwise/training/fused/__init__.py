"""All folds of a trial trained as one program."""
