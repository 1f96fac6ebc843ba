"""Train all folds of a trial as one program."""
