"""What stands behind a command: composing, wiring, running, the terminal."""
