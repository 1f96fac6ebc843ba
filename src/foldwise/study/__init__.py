"""One study from its plan to its summary."""
