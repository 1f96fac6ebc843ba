"""The engine `fused` on JAX: all folds of any Keras network as one JAX program, by Keras's own stateless functions."""
