"""Where the masks go that a table of answers cannot hold."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from foldwise.bundle.card import Card, Sample
from foldwise.bundle.predict_file import answer_file
from foldwise.data.schema import Schema
from foldwise.errors import ConfigError
from foldwise.models.heads import Head
from foldwise.spec.data import Reading
from foldwise.spec.services import PredictSpec


class Background:
    """A model that sees the background everywhere."""

    card = Card(
        study="s-1",
        head=Head(2, "softmax", "cross_entropy", "segmentation"),
        target="mask",
        features=(),
        labels=("back", "cell"),
        schema=Schema((), (4, 5, 1)),
        reading=Reading(),
        versions={"keras": "3"},
        sample=(Sample({}, (0.5, 0.5)),),
    )

    def scores(self, raw):
        return np.zeros(raw.shape[:3], np.uint8)

    def in_words(self, raw, scores):
        return pd.DataFrame({"prediction": ["mask"] * len(scores)})


class Silent:
    def note(self, sentence):
        pass

    @contextmanager
    def answering(self, total):
        yield lambda count: None

    def scored(self, metrics, confusion, labels):
        pass


def answered(tmp_path, output):
    (tmp_path / "in").mkdir()
    Image.new("L", (5, 4)).save(tmp_path / "in" / "one.png")
    asked = PredictSpec(model="m@champion", input=str(tmp_path / "in"), output=str(output), paths={"runs": str(tmp_path / "r")})
    answer_file(asked, Background, Silent())


def test_masks_are_beside_the_table(tmp_path):
    answered(tmp_path, tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["prediction"].tolist() == ["0_one.png"]
    assert np.asarray(Image.open(tmp_path / "a" / "0_one.png")).shape == (4, 5)


def test_masks_do_not_go_among_the_pictures(tmp_path):
    with pytest.raises(ConfigError, match=r"output: .* below the input, and be read as pictures the next time"):
        answered(tmp_path, tmp_path / "in" / "a.csv")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["one.png"]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_folder_that_is_there_is_kept(tmp_path, is_link):
    if is_link:
        (tmp_path / "a").symlink_to(tmp_path / "gone")
    else:
        (tmp_path / "a").mkdir()
    with pytest.raises(ConfigError, match=r"the folder .*a, which exists; remove it, or name another"):
        answered(tmp_path, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()
