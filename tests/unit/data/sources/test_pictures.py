import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from foldwise.data.image_table import read_image_table
from foldwise.data.sources.image_files import image_chunks
from foldwise.data.sources.pictures import read_pictures
from foldwise.errors import ConfigError, DataError
from foldwise.spec.images import FolderData, NpzData
from tests.unit.data.images import LABELS, blobs, write_pictures

ONE = "but data.labels gives one label for each image, and masks are named by data.masks"


def folder(path, **options):
    return FolderData(kind="folder", path=str(path), **options)


def bomb(path, side=100_000):
    """A PNG of a few bytes whose header claims a huge picture."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_for_each_class(tmp_path, channels):
    images = blobs(channels=channels)
    table = read_image_table(folder(write_pictures(tmp_path / "p", images, LABELS)))
    assert table.labels == ("0", "1", "2")
    order = np.argsort(LABELS, kind="stable")  # files are read in the order of their paths
    assert np.array_equal(table.images, images[order])
    assert table.target.tolist() == LABELS[order].tolist()


def test_a_csv_names_pictures_and_labels(tmp_path):
    images = blobs(rows=6)
    write_pictures(tmp_path, images, ["all"] * 6)
    (tmp_path / "labels.csv").write_text("file,kind\n" + "".join(f"all/{n:03}.png,{'ab'[n % 2]}\n" for n in range(6)))
    table = read_image_table(folder(tmp_path, labels="labels.csv", target="kind"))
    assert table.labels == ("a", "b")
    assert np.array_equal(table.images, images)
    assert table.target_name == "kind"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("../secret.png", r"row 1: ../secret.png is not in"), ("", "row 1: file is missing"), ("gone.png", "number 1 .*gone.png")],
)
def test_a_csv_names_only_pictures_of_its_folder(tmp_path, name, sentence):
    (tmp_path / "p").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "secret.png")
    (tmp_path / "p" / "labels.csv").write_text(f"file,label\n{name},a\n")
    with pytest.raises(DataError, match=sentence):
        read_image_table(folder(tmp_path / "p", labels="labels.csv"))


@pytest.mark.parametrize("link", ["p/a/002.png", "p/z", "p/a/deep", "p/a/gone.png"])
def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path, link):
    write_pictures(tmp_path / "p", blobs(rows=4), ["a", "b"] * 2)
    write_pictures(tmp_path / "other", blobs(rows=2), ["a", "a"])
    target = {"p/a/002.png": "other/a/000.png", "p/a/gone.png": "gone.png"}.get(link, "other")
    (tmp_path / link).unlink(missing_ok=True)
    (tmp_path / link).symlink_to(tmp_path / target)
    with pytest.raises(DataError, match=f"{link} is a link that leads out of .*p; put the pictures themselves there"):
        read_image_table(folder(tmp_path / "p"))
    with pytest.raises(DataError, match="is a link that leads out of"):  # also of predict
        image_chunks(tmp_path / "p", (6, 5, 1), 4)


def test_links_within_the_folder_and_a_folder_that_is_a_link_are_fine(tmp_path):
    write_pictures(tmp_path / "p", blobs(rows=4), ["a", "b"] * 2)
    (tmp_path / "p" / "b" / "twin.png").symlink_to("../a/000.png")
    (tmp_path / "link").symlink_to("p")
    assert len(read_image_table(folder(tmp_path / "link")).images) == 5


@pytest.mark.timeout(20)
@pytest.mark.parametrize("listed", [False, True])
def test_a_pipe_among_pictures_is_broken_and_keeps_nobody_waiting(tmp_path, listed):
    write_pictures(tmp_path, blobs(rows=4), ["a", "b"] * 2)
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "labels.csv").write_text("file,label\na/000.png,x\na/pipe.png,y\nb/001.png,y\n")
    options = {"labels": "labels.csv"} if listed else {}
    with pytest.raises(DataError, match=r"1 of \d pictures cannot be read: .*pipe.png: it is not a regular file"):
        read_image_table(folder(tmp_path, **options))


def test_the_target_is_not_the_files_column(tmp_path):
    write_pictures(tmp_path, blobs(rows=2), ["a", "a"])
    (tmp_path / "labels.csv").write_text("file\na/000.png\na/001.png\n")
    with pytest.raises(ConfigError, match=r"data\.file"):
        read_image_table(folder(tmp_path, labels="labels.csv", target="file"))


def test_pictures_of_different_sizes_need_data_size(tmp_path):
    write_pictures(tmp_path, blobs(rows=3), "aaa")
    write_pictures(tmp_path, blobs(rows=3, height=9), "bbb")
    with pytest.raises(DataError, match=r"a.000.png is 6 x 5 pixels and .*b.000.png 9 x 5; set data.size=\[height,width\]"):
        read_image_table(folder(tmp_path))
    assert read_image_table(folder(tmp_path, size=[4, 7])).images.shape == (6, 4, 7, 1)


def test_broken_pictures_are_named_and_a_share_of_them_can_be_left_out(tmp_path):
    write_pictures(tmp_path, blobs(rows=9), ["a", "b", "c"] * 3)
    (tmp_path / "a" / "003.png").write_bytes(b"")
    (tmp_path / "b" / "004.png").write_bytes((tmp_path / "b" / "004.png").read_bytes()[:50])
    (tmp_path / "c" / "005.png").write_text("no picture")
    with pytest.raises(DataError, match=r"3 of 9 pictures cannot be read: number 2 \(.*a.003.png: .*, 8 \(.*c.005.png: "):
        read_image_table(folder(tmp_path))
    table = read_image_table(folder(tmp_path, broken=0.4))
    assert table.rows.tolist() == [0, 2, 3, 5, 6, 8]
    assert table.target.tolist() == [0, 0, 1, 1, 2, 2]
    assert table.notes[0].startswith("3 of 9 pictures are left out: number 2 (")


def test_a_picture_that_claims_to_be_huge_is_never_decoded(tmp_path):
    with pytest.raises(DataError, match="has more than 50,000,000 pixels"):
        read_pictures([bomb(tmp_path / "huge.png")])
    with pytest.raises(DataError, match="9000 x 9000 pixels, more than 50,000,000"):
        read_pictures([bomb(tmp_path / "large.png", 9000)])


def test_odd_pictures_are_decoded_as_they_look(tmp_path):
    draw = np.random.default_rng(0)
    Image.fromarray(draw.integers(0, 256, (4, 4, 4), dtype=np.uint8), "CMYK").save(tmp_path / "1.jpg")
    Image.fromarray((np.arange(16, dtype=np.uint16) * 4096).reshape(4, 4)).save(tmp_path / "2.png")
    turned = Image.new("RGB", (2, 4), "red")
    turned.putpixel((0, 0), (0, 0, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    turned.save(tmp_path / "3.png", exif=exif)
    Image.new("RGB", (4, 4), "red").save(tmp_path / "4.jpg", format="GIF")
    assert read_pictures([tmp_path / "1.jpg"]).images.shape == (1, 4, 4, 3)
    deep = read_pictures([tmp_path / "2.png"]).images[0, :, :, 0]
    assert deep.ravel().tolist() == [16 * number for number in range(16)]
    upright = read_pictures([tmp_path / "3.png"]).images[0]
    assert upright.shape == (2, 4, 3)
    assert upright[0, 3].tolist() == [0, 0, 255]
    with pytest.raises(DataError, match="is not a PNG or JPEG"):
        read_pictures([tmp_path / "4.jpg"])


def test_an_animated_picture_is_refused(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png", save_all=True, append_images=[Image.new("L", (4, 4), 9)])
    with pytest.raises(DataError, match="is animated"):
        read_pictures([tmp_path / "a.png"])


def test_a_folder_without_classes_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(DataError, match="holds no PNG or JPEG files"):
        read_image_table(folder(tmp_path))
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"name the file of labels as data\.labels"):
        read_image_table(folder(tmp_path))
    with pytest.raises(DataError, match="folder not found: nowhere"):
        read_image_table(folder("nowhere"))


@pytest.mark.parametrize(
    ("bare", "said"),
    [
        (["x"], "1 of 4 class folders hold no PNG or JPEG files: 'x'; the model does not know this class"),
        (["x", "y z"], "2 of 5 class folders hold no PNG or JPEG files: 'x', 'y z'; the model does not know these classes"),
        (list("abcdefg"), "7 of 10 class folders hold no PNG or JPEG files: 'a', 'b', 'c', 'd', 'e' and 2 more"),
    ],
)
def test_class_folders_without_pictures_are_reported(tmp_path, bare, said):
    write_pictures(tmp_path, blobs(), LABELS)
    for name in (*bare, ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / bare[0] / "notes.txt").write_text("not a picture")
    table = read_image_table(folder(tmp_path))
    assert table.labels == ("0", "1", "2")
    assert any(said in note for note in table.notes), table.notes


def test_full_class_folders_are_not_mentioned(tmp_path):
    table = read_image_table(folder(write_pictures(tmp_path, blobs(), LABELS)))
    assert not any("class folder" in note for note in table.notes)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("masks", f"masks is a folder of pictures, {ONE}; name a CSV file"),
        ("bare", f"bare is a folder, {ONE}; name a CSV file"),
        ("masks/0/000.png", f"000.png is a picture, {ONE}; name"),
        ("gone", "file not found: gone in .*; put a CSV file of names and labels there, or give its path"),
    ],
)
def test_labels_that_are_masks_get_advice_that_fits(tmp_path, labels, said):
    write_pictures(tmp_path, blobs(), LABELS)
    write_pictures(tmp_path / "masks", blobs(), LABELS)
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match=f"^data.labels: .*{said}"):
        read_image_table(folder(tmp_path, labels=labels))


@pytest.mark.parametrize("shape", [(6, 8, 8), (6, 8, 8, 1), (6, 4, 4)])
def test_masks_in_an_archive_are_no_labels(tmp_path, shape):
    np.savez(tmp_path / "masked.npz", images=np.zeros((6, 8, 8), np.uint8), masks=np.zeros(shape, np.uint8))
    said = r"labels have shape \(6, .*\), as masks have, but data.labels gives one label for each image.*shape \(6,\)"
    with pytest.raises(DataError, match=said):
        read_image_table(NpzData(kind="npz", path=str(tmp_path / "masked.npz"), labels="masks"))
