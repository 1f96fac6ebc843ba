"""The engine `jax`: all folds of any Keras network as one JAX program, by Keras's own stateless functions."""
