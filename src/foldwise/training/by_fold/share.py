"""The share of dropout and weight decay in an epoch, where these follow a schedule."""

from __future__ import annotations

import keras


class Share:
    """One number, in a variable of Keras for each part that reads it: only so do steps that are compiled see its changes."""

    def __init__(self) -> None:
        self._variables: list[keras.Variable] = []

    def variable(self) -> keras.Variable:
        """A further variable, which is 1 until the first epoch."""
        made = keras.Variable(1.0, trainable=False, dtype=keras.config.floatx(), name="share")
        self._variables.append(made)
        return made

    def assign(self, value: float) -> None:
        """Set all of them."""
        for variable in self._variables:
            variable.assign(value)
