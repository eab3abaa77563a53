"""A small convolutional network in NumPy, trained by hand-written gradients.

Conv 3x3 (16) -> Relu -> Conv 3x3 (32) -> Relu -> MaxPool 2x2 -> Linear (10).
Images are float32 [N,1,8,8] in [0,1]; layouts and names are those of ONNX.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FIRST, SECOND, CLASSES = 16, 32, 10
FEATURES = SECOND * 4 * 4


def initial_weights(rng):
    """He-initialised weights by name."""
    def normal(*shape, fan_in):
        return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)

    return {
        "conv1.weight": normal(FIRST, 1, 3, 3, fan_in=9),
        "conv1.bias": np.zeros(FIRST, np.float32),
        "conv2.weight": normal(SECOND, FIRST, 3, 3, fan_in=9 * FIRST),
        "conv2.bias": np.zeros(SECOND, np.float32),
        "classify.weight": normal(FEATURES, CLASSES, fan_in=FEATURES),
        "classify.bias": np.zeros(CLASSES, np.float32),
    }


def patches(x):
    """The 3x3 neighbourhoods of every pixel, zeros outside: [N, H, W, C*9]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, (3, 3), axis=(2, 3))
    count, channels, height, width = x.shape
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(count, height, width, channels * 9)


def convolve(columns, weight, bias):
    product = columns @ weight.reshape(len(weight), -1).T + bias
    return product.transpose(0, 3, 1, 2)


def convolution_gradients(columns, weight, upstream):
    """(d weight, d bias, d input) of `convolve`."""
    by_pixel = upstream.transpose(0, 2, 3, 1)
    flat = by_pixel.reshape(-1, len(weight))
    d_weight = (flat.T @ columns.reshape(len(flat), -1)).reshape(weight.shape)
    # The input's gradient is the correlation with the kernel turned round.
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return d_weight, flat.sum(axis=0), convolve(patches(upstream), turned, np.float32(0))


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def forward(weights, x):
    """Every intermediate that `gradients` needs, and the probabilities."""
    columns1 = patches(x)
    hidden1 = np.maximum(convolve(columns1, weights["conv1.weight"], weights["conv1.bias"]), 0)
    columns2 = patches(hidden1)
    hidden2 = np.maximum(convolve(columns2, weights["conv2.weight"], weights["conv2.bias"]), 0)
    blocks = hidden2.reshape(len(x), SECOND, 4, 2, 4, 2)
    pooled = blocks.max(axis=(3, 5))
    features = pooled.reshape(len(x), FEATURES)
    probabilities = softmax(features @ weights["classify.weight"] + weights["classify.bias"])
    return columns1, hidden1, columns2, hidden2, blocks, pooled, features, probabilities


def gradients(weights, x, labels, keep):
    """Gradients of the mean cross entropy by name, with dropout mask `keep` on the features."""
    columns1, hidden1, columns2, hidden2, blocks, pooled, features, _ = forward(weights, x)
    dropped = features * keep
    probabilities = softmax(dropped @ weights["classify.weight"] + weights["classify.bias"])
    upstream = probabilities
    upstream[np.arange(len(x)), labels] -= 1
    upstream /= len(x)
    result = {
        "classify.weight": dropped.T @ upstream,
        "classify.bias": upstream.sum(axis=0),
    }
    back = ((upstream @ weights["classify.weight"].T) * keep).reshape(pooled.shape)
    winners = blocks == pooled[:, :, :, None, :, None]
    shares = winners / winners.sum(axis=(3, 5), keepdims=True, dtype=np.float32)
    back = (shares * back[:, :, :, None, :, None]).reshape(hidden2.shape) * (hidden2 > 0)
    result["conv2.weight"], result["conv2.bias"], back = convolution_gradients(
        columns2, weights["conv2.weight"], back
    )
    back = back * (hidden1 > 0)
    result["conv1.weight"], result["conv1.bias"], _ = convolution_gradients(
        columns1, weights["conv1.weight"], back
    )
    return result


def shifted(x, rng):
    """Each image moved by at most one pixel in either direction, zeros moving in."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    result = np.empty_like(x)
    for index, (down, right) in enumerate(rng.integers(0, 3, (len(x), 2))):
        result[index] = padded[index, :, down : down + 8, right : right + 8]
    return result


def train(x, labels, seed, epochs=60, batch=32, rate=2e-3, progress=None):
    """Weights after `epochs` of Adam, its rate falling along half a cosine to zero."""
    rng = np.random.default_rng(seed)
    weights = initial_weights(rng)
    first = {name: np.zeros_like(array) for name, array in weights.items()}
    second = {name: np.zeros_like(array) for name, array in weights.items()}
    step, steps = 0, epochs * -(-len(x) // batch)
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            # Half of the images as they are: a shift pushes ink of some off the edge.
            moved = rng.random(len(chosen)) < 0.5
            images = np.where(moved[:, None, None, None], shifted(x[chosen], rng), x[chosen])
            keep = (rng.random((len(chosen), FEATURES)) < 0.7).astype(np.float32) / np.float32(0.7)
            step += 1
            now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
            for name, gradient in gradients(weights, images, labels[chosen], keep).items():
                first[name] = 0.9 * first[name] + 0.1 * gradient
                second[name] = 0.999 * second[name] + 0.001 * gradient**2
                mean, variance = first[name] / (1 - 0.9**step), second[name] / (1 - 0.999**step)
                update = now * mean / (np.sqrt(variance) + 1e-8)
                weights[name] = (weights[name] - update).astype(np.float32)
        if progress:
            progress(epoch + 1, epochs)
    return weights


def predict(weights, x):
    """The most probable class of each image."""
    return forward(weights, x)[-1].argmax(axis=1)
