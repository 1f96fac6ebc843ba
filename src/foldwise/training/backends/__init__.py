"""What differs between the libraries that Keras computes with, a module for each."""
