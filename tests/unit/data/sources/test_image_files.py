"""Images for prediction, in chunks."""

import numpy as np
import pytest

from foldwise.data.sources.image_files import image_chunks
from foldwise.errors import DataError
from tests.unit.data.images import blobs, write_pictures

SHAPE = (6, 5, 3)


@pytest.fixture
def images():
    return blobs(rows=10, height=6, width=5, channels=3)


def test_a_folder_is_read_in_chunks(tmp_path, images):
    write_pictures(tmp_path / "pictures", images, ["x"] * 10)
    total, chunks = image_chunks(tmp_path / "pictures", SHAPE, 4)
    found = list(chunks)
    assert total == 10
    assert [len(chunk.images) for chunk in found] == [4, 4, 2]
    assert np.array_equal(np.concatenate([chunk.images for chunk in found]), images)
    assert [file[-7:] for chunk in found for file in chunk.files] == [f"{row:03}.png" for row in range(10)]


def test_an_archive_brings_its_labels(tmp_path, images):
    np.savez(tmp_path / "zoo.npz", images=images, labels=np.arange(10))
    total, chunks = image_chunks(tmp_path / "zoo.npz", SHAPE, 4)
    found = list(chunks)
    assert total == 10
    assert np.array_equal(np.concatenate([chunk.images for chunk in found]), images)
    assert np.concatenate([chunk.labels for chunk in found]).tolist() == list(range(10))


def test_a_broken_picture_is_named_by_its_number_among_all(tmp_path, images):
    write_pictures(tmp_path / "pictures", images, ["x"] * 10)
    (tmp_path / "pictures" / "x" / "006.png").write_bytes(b"torn")
    _, chunks = image_chunks(tmp_path / "pictures", SHAPE, 4)
    assert len(next(chunks).images) == 4
    with pytest.raises(DataError, match=r"number 7 \(.*006.png.*; fix or remove them$"):  # predict has no data.broken
        next(chunks)


def test_a_source_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no PNG or JPEG files"):
        image_chunks(tmp_path, SHAPE, 4)
    np.savez(tmp_path / "two.npz", a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(DataError, match="has no array 'images', but a, b"):
        image_chunks(tmp_path / "two.npz", SHAPE, 4)
