"""Several numbers for each row, from one network with an output each."""
