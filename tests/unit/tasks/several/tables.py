"""A table with two numbers to predict, in units that differ by a factor of a thousand."""

import numpy as np
import pandas as pd


def two_numbers(rows=120, seed=0):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, 3))
    colour = draw.choice(["red", "blue"], rows)
    height = np.sin(x[:, 0]) + 0.3 * x[:, 1] + 0.05 * draw.normal(size=rows)
    price = 1000 * (x[:, 1] - x[:, 2] + (colour == "red")) + 100 * draw.normal(size=rows)
    table = pd.DataFrame(x, columns=["width", "weight", "age"]).assign(colour=colour, height=height, price=price)
    return table.round(4)
