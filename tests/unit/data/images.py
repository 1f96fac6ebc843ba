"""Small images with known labels, in every file format."""

import gzip

import numpy as np

LABELS = np.tile(np.arange(3, dtype=np.uint8), 20)


def blobs(rows=60, height=6, width=5, channels=1, seed=0):
    """Distinct images; the label (0, 1, 2) is the third of the rows that is bright."""
    draw = np.random.default_rng(seed)
    images = draw.integers(0, 60, (rows, height, width, channels), dtype=np.uint8)
    for row in range(rows):
        third = row % 3 * height // 3
        images[row, third : third + height // 3] += 150
    return images


def write_idx(path, array, code=0x08):
    big = {0x08: "u1", 0x0B: ">i2", 0x0D: ">f4"}[code]
    content = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(big).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_pictures(folder, images, labels, ending="png"):
    from PIL import Image

    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / str(label) / f"{number:03}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)
    return folder
