"""A training step as a lecture writes it, with numpy alone: z2 = W1 x + b1, a2 = f(z2), back by the chain rule, the update."""

import numpy as np

# activation -> its value at z, and its derivative from z and a
ACTIVATIONS = {
    "linear": (lambda z: z, lambda z, a: np.ones_like(z)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(float)),
}


def forward(x, weights, activations, output, kept=()):
    """z and a of each layer; weights are pairs of W (units, inputs) and b (units,). One activation for each hidden layer."""
    zs, outs = [], []
    for place, (matrix, bias) in enumerate(weights):
        zs.append(x @ matrix.T + bias)
        if place < len(weights) - 1:
            outs.append(ACTIVATIONS[activations[place]][0](zs[-1]))
            x = outs[-1] * kept[place] if len(kept) else outs[-1]
        elif output == "softmax":
            grown = np.exp(zs[-1] - zs[-1].max(axis=1, keepdims=True))
            outs.append(grown / grown.sum(axis=1, keepdims=True))
        else:
            outs.append(ACTIVATIONS[output][0](zs[-1]))
    return zs, outs


def losses(answer, y, loss):
    if loss == "mse":
        return ((answer - y) ** 2).mean(axis=1)
    if loss == "binary_crossentropy":
        return -(y * np.log(answer) + (1 - y) * np.log(1 - answer)).mean(axis=1)
    return -(y * np.log(answer)).sum(axis=1)


def backward(x, y, weights, zs, outs, activations, loss, kept=()):
    """The deltas of each row and layer, and the gradients of the mean loss as pairs."""
    factor = 2 / y.shape[1] if loss == "mse" else 1  # with a linear output; the others are the natural pairs
    deltas = [factor * (outs[-1] - y)]
    for place in range(len(weights) - 2, -1, -1):
        back = deltas[0] @ weights[place + 1][0]
        if len(kept):
            back = back * kept[place]
        deltas.insert(0, back * ACTIVATIONS[activations[place]][1](zs[place], outs[place]))
    below = [x, *(out * mask for out, mask in zip(outs, kept, strict=False))] if len(kept) else [x, *outs]
    gradients = [(delta.T @ a / len(x), delta.mean(axis=0)) for delta, a in zip(deltas, below, strict=False)]
    return deltas, gradients


def update(kind, given, weight, gradient, slots, rate, step):
    """The weight after a step, by the optimizer's paper; `slots` are what it remembered before."""
    if kind == "rmsprop":
        rho = given.get("rho", 0.9)
        return weight - rate * gradient / np.sqrt(rho * slots["velocity"] + (1 - rho) * gradient**2 + 1e-7)
    if kind == "adam":
        mean = 0.9 * slots["momentum"] + 0.1 * gradient
        square = 0.999 * slots["velocity"] + 0.001 * gradient**2
        hat, square_hat = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        return weight - rate * hat / (np.sqrt(square_hat) + 1e-7 / np.sqrt(1 - 0.999**step))
    beta = given.get("momentum", 0.0)
    if not beta:
        return weight - rate * gradient
    # the lecture's V = beta V + (1 - beta) g with w -= alpha V, where Keras remembers -alpha V and rate = alpha (1 - beta)
    alpha = rate / (1 - beta)
    velocity = beta * (-slots["momentum"] / alpha) + (1 - beta) * gradient
    if given.get("nesterov"):
        velocity = beta * velocity + (1 - beta) * gradient
    return weight - alpha * velocity
