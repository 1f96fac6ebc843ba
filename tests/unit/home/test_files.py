import pytest

from foldwise.home.files import file_of, files_of


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs" / "studies" / "iris-1"
    (folder / "figures").mkdir(parents=True)
    for name in ("compare.html", "figures/roc.png", "summary.json", "figures/.hidden.png", "trials.parquet", "lock"):
        (folder / name).write_text(name)
    (tmp_path / "runs" / "studies" / "other").mkdir()
    (tmp_path / "runs" / "studies" / "other" / "a.txt").write_text("other")
    (tmp_path / "runs" / "ledger.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "beside.txt").symlink_to(tmp_path / "runs" / "studies" / "other" / "a.txt")
    (tmp_path / "runs" / "studies" / "outside").symlink_to(tmp_path)
    return tmp_path / "runs"


def test_files_of_a_study_are_shown_with_their_kind(runs):
    assert file_of(runs, "studies/iris-1/compare.html")[1].startswith("text/html")
    assert file_of(runs, "studies/iris-1/figures/roc.png") == (runs / "studies" / "iris-1" / "figures" / "roc.png", "image/png")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "ledger.json",
        "studies/iris-1",
        "studies/iris-1/",
        "studies/iris-1/figures",
        "studies/iris-1/trials.parquet",
        "studies/iris-1/lock",
        "studies/iris-1/figures/.hidden.png",
        "studies/iris-1/../iris-1/compare.html",
        "studies/iris-1/../../../secret.txt",
        "studies/../studies/iris-1/compare.html",
        "studies/iris-1//compare.html",
        "/studies/iris-1/compare.html",
        "studies/iris-1/link.txt",
        "studies/iris-1/beside.txt",
        "studies/outside/secret.txt",
        "studies/iris-1/..\\..\\secret.txt",
        "studies/iris-1/nothing.html",
        "studies/iris-1/compare.html\0.png",
        "bundle/iris-1/compare.html",
        "studies/iris-1/" + "x" * 300 + ".html",
    ],
)
def test_nothing_else_is(runs, path):
    assert file_of(runs, path) is None


def test_pages_and_pictures_of_a_study(runs):
    assert files_of(runs, "iris-1") == [
        f"studies/iris-1/{name}" for name in ("compare.html", "summary.json", "figures/roc.png")
    ]
    assert files_of(runs, "ghost") == []
