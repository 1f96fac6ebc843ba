"""What can be predicted: a folder for each task, and the questions that the rooms above ask it."""
