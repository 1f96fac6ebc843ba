"""A challenger for the champion, trained on the rows of today."""
