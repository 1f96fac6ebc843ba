"""Keys of conf/ with their values, defaults and meanings, from wherever these are written."""

from dataclasses import replace

import pytest

from docs.site.options import is_range, option_files, recipes, unsaid
from foldwise.doors.conf import conf_at, write_conf


@pytest.fixture(scope="module")
def found():
    return {
        f"{file.group}/{file.name}": {key.name: key for key in file.keys} for files in option_files().values() for file in files
    }


@pytest.mark.parametrize(
    ("file", "name", "default", "values", "meaning"),
    [
        ("conf/tune", "seed", "0", "whole number ≥ 0, < 2,147,483,648", "determines weights, batches, folds and search"),
        ("model/mlp", "model.hidden", "[int, 1, 3]", "whole number 0 to 1,000", "number of hidden layers"),
        (
            "prep/standard",
            "prep.impute.indicator",
            "false",
            "true or false",
            "adds a column that marks where a number was missing",
        ),
        ("fit/sgd", "fit.optimizer.nesterov", "false", "true or false", "true: Nesterov momentum"),
        ("service/predict", "model", "???", "text", "NAME@alias or NAME/version"),
        (
            "service/retrain",
            "checks.missing",
            "0.2",
            "number 0 to 1",
            "largest rise of the share of missing cells in a column",
        ),
        ("jobs/iris_weekly", "retries", "2", "whole number 0 to 100", "more attempts after exit code 1 or a signal"),
        ("model/auto", "model.kind", "auto", "`auto`", "the option is settled from rows, columns and task"),
        ("fit/tabular", "fit.epochs", "auto", "whole number 1 to 1,000,000 · `auto`", "passes over the training rows; auto"),
        ("tuner/qmc", "tuner.sequence", "sobol", "`sobol` · `halton`", "sobol | halton"),
    ],
)
def test_a_key_has_its_text(found, file, name, default, values, meaning):
    key = found[file][name]
    assert (key.default, key.values) == (default, values)
    assert key.meaning.startswith(meaning)


def test_a_comment_above_a_key_is_its_meaning(found):
    assert found["prep/standard"]["prep.scale"].meaning.endswith("quantile_uniform (ranks from 0 to 1)")


def test_a_key_without_a_word_is_found(tmp_path):
    folder = write_conf([str(tmp_path / "mine")])
    path = folder / "model" / "mlp.yaml"
    path.write_text(
        path.read_text().replace("# number of hidden layers", "") + "unknown: 1   # says something, but no field has it\n"
    )
    conf = conf_at(None)
    changed = option_files(replace(conf, folders=(folder,)))
    assert unsaid(changed) == ["conf/model/mlp.yaml: model.hidden", "conf/model/mlp.yaml: model.unknown"]


def test_an_option_that_sets_several_groups_has_their_keys(tmp_path):
    folder = write_conf([str(tmp_path / "mine")])
    text = "# @package _global_\n# Half and half.\nfolds: {kind: split, share: 0.5}\nseed: 3\n"
    (folder / "folds" / "half.yaml").write_text(text)
    (half,) = [file for file in option_files(replace(conf_at(None), folders=(folder,)))["folds"] if file.name == "half"]
    assert (half.about, [key.name for key in half.keys]) == ("Half and half.", ["folds.kind", "folds.share", "seed"])
    assert half.keys[1].values == "number > 0, < 1"


def test_ranges_are_told_from_lists():
    assert is_range("[int, 1, 3]")
    assert not is_range("[shift, zoom]")


def test_recipes_have_a_title_and_a_lesson():
    assert all(title and text for _, title, text in recipes())
