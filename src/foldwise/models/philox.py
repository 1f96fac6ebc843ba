"""The uniform numbers of `tf.random.stateless_uniform`, many draws at a time.

Every step of a random layer has its own seed, and TensorFlow draws for one seed a call: thousands of calls a trial, twenty
microseconds each. Here one call draws all steps; a test compares every bit with the installed TensorFlow.

Sources: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (Philox4x32-10); TensorFlow's stateless_random_ops
(from seed to key and counter) and random_distributions (from bits to numbers).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]  # 32 bits in each, so that a product fits

ROUNDS = 10
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
SEED_KEY = np.array([0x3EC8F720], np.uint64), np.array([0x02461E29], np.uint64)
LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
BLOCKS_AT_ONCE = 16_384  # their words fit into a processor's cache


def uniforms(seed: int, first: int, count: int, size: int, dtype: str) -> npt.NDArray[np.floating]:
    """Draws (count, size) in [0, 1): row i is the first `size` numbers of `stateless_uniform(..., [seed, first + i])`.

    Args:
        seed: the first half of every row's seed, in [0, 2**63).
        first: the second half of the first row's seed, in [0, 2**63).
        count: number of rows.
        size: numbers a row.
        dtype: float32 or float64.
    """
    places = np.arange(first, first + count, dtype=np.uint64)
    return uniform_rows(np.full_like(places, seed), places, size, dtype)


def uniform_rows(seeds: Words, places: Words, size: int, dtype: str) -> npt.NDArray[np.floating]:
    """Draws (rows, size): row i is the first `size` numbers of `stateless_uniform(..., [seeds[i], places[i]])`."""
    count = len(places)
    key_and_counter = _philox((seeds & LOW, seeds >> HALF, places & LOW, places >> HALF), SEED_KEY)
    per_block = 4 if dtype == "float32" else 2
    blocks = np.arange(-(-size // per_block), dtype=np.uint64)
    bits = np.empty((count, len(blocks), 4), dtype=np.uint32)
    rows = max(1, BLOCKS_AT_ONCE // max(1, len(blocks)))
    for start in range(0, count, rows):
        key_0, key_1, low, high = (word[start : start + rows, None] for word in key_and_counter)
        for lane, words in enumerate(_philox((blocks & LOW, blocks >> HALF, low, high), (key_0, key_1))):
            bits[start : start + rows, :, lane] = words
    numbers = _singles(bits) if dtype == "float32" else _doubles(bits)
    return numbers.reshape(count, len(blocks) * per_block)[:, :size]


def _philox(counter: tuple[Words, Words, Words, Words], key: tuple[Words, Words]) -> tuple[Words, Words, Words, Words]:
    """Four random words for each counter."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(ROUNDS):
        first, second = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (second >> HALF) ^ c1 ^ k0, second & LOW, (first >> HALF) ^ c3 ^ k1, first & LOW
        k0, k1 = (k0 + KEY_STEPS[0]) & LOW, (k1 + KEY_STEPS[1]) & LOW
    return c0, c1, c2, c3


def _singles(bits: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """The low 23 bits of each word as the fraction of a number in [1, 2), less one."""
    return ((bits & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000)).view(np.float32) - np.float32(1)


def _doubles(bits: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
    """The low 20 bits of one word and all of the next as the fraction."""
    words = bits.astype(np.uint64)
    fraction = ((words[..., 0::2] & np.uint64(0xFFFFF)) << HALF) | words[..., 1::2]
    return (fraction | np.uint64(1023 << 52)).view(np.float64) - 1.0
