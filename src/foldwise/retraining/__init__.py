"""A challenger for the champion, trained on current rows."""
