"""Behind every command: composing, wiring, running, the terminal."""
