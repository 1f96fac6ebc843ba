import subprocess
import sys

import pytest

from foldwise.data.sources.read import check_source, count_rows, read_chunks, read_source
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import CsvData
from foldwise.spec.places import Paths


def csv_data(path, **options):
    return CsvData(kind="csv", path=str(path), target=options.pop("target", "y"), **options)


def read(tmp_path, text, **options):
    path = tmp_path / "rows.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source(csv_data(path, **options))


def test_blanks_around_cells_are_ignored_even_before_a_quote(tmp_path):
    frame = read(tmp_path, 'a, b ,y\n 1 , "x, z",  p \n').frame
    assert frame.to_dict("list") == {"a": ["1"], "b": ["x, z"], "y": ["p"]}


def test_only_declared_marks_are_missing(tmp_path):
    cells = read(tmp_path, "a,y\nNA,1\nNone,1\n?,1\n,1\n").frame["a"].to_list()
    assert cells == ["NA", "None", "?", None]
    cells = read(tmp_path, "a,y\nNA,1\n?,1\n,1\n", missing=["?"]).frame["a"].to_list()
    assert cells == ["NA", None, ""]


def test_a_byte_order_mark_and_blank_lines_are_skipped(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfa,y\r\n1,2\r\n\r\n").frame.to_dict("list") == {"a": ["1"], "y": ["2"]}


def test_utf_16_and_latin_1_are_read_when_asked(tmp_path):
    assert read(tmp_path, "a,y\né,1\n".encode("utf-16"), encoding="utf-16").frame["a"].to_list() == ["é"]
    assert read(tmp_path, "a,y\né,1\n".encode("latin-1"), encoding="latin-1").frame["a"].to_list() == ["é"]


def test_a_column_without_a_name_gets_one_and_a_note(tmp_path):
    source = read(tmp_path, ",a,y\n0,1,2\n")
    assert list(source.frame.columns) == ["column_1", "a", "y"]
    assert "column 1 has no name" in source.notes[0]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", {}, ["empty"]),
        ("a,y\n", {}, ["header and no row"]),
        ("a,a,y\n1,2,3\n", {}, ["column a", "twice"]),
        ("a;y\n1;2\n", {}, ["data.delimiter=';'"]),
        ("a\ty\n1\t2\n", {}, ["data.delimiter=tab"]),
        ("a,y\n1,2\n", {"delimiter": ";"}, ["data.delimiter=','"]),
        ("a;b,c;y\n1;2,3;4\n", {}, ["data.delimiter=';'"]),
        ("a,Y\n1,2\n", {}, ["data.target", "did you mean Y?"]),
        ("a,y\n1,2\n", {"kinds": {"aa": "number"}}, ["data.kinds.aa", "'aa'"]),
        ("a,y\n1,2\n", {"group": "g"}, ["data.group", "'g'"]),
        ("a,y\n1,2\n1,2,3\n", {}, ["line 3", "3 cells", "more than the 2"]),
        ("a,y\n1,2\n1\n", {}, ["line 3", "fewer"]),
        ('a,y\n1,2\n"1,2\n3,4\n', {}, ["line 3", "quote"]),
        ('a,y\n"1"x,2\n', {}, ["line 2", "quote"]),
        (b"a,y\n\xe9,2\n", {}, ["byte 4", "0xe9", "line 2", "data.encoding=latin-1"]),
        ("a,y\n1,2\n".encode("utf-16"), {}, ["byte 0", "data.encoding=utf-16"]),
        (b"a,y\n1\0,2\n", {}, ["line 2", "NUL"]),
        (b"a,y\n1,2\n", {"encoding": "utf-16"}, ["utf-8"]),
    ],
)
def test_a_file_that_cannot_be_read_with_certainty_is_refused(tmp_path, text, options, words):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text, **options)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_encoding_and_the_target_among_the_features_are_configuration_faults(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.encoding"):
        read(tmp_path, "a,y\n1,2\n", encoding="utf-99")
    with pytest.raises(ConfigError, match=r"data\.drop"):
        read(tmp_path, "a,y\n1,2\n", drop=["y"])


def test_files_are_looked_for_in_the_data_folder_too(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "rows.csv").write_text("a,y\n1,2\n")
    source = read_source(csv_data("rows.csv", name="toy"), Paths(data=str(tmp_path)))
    assert len(source.frame) == 1
    with pytest.raises(DataError, match="did you mean rows"):
        read_source(csv_data(tmp_path / "toy" / "row.csv"))


def test_chunks_keep_the_place_of_each_row_and_need_no_target(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a\n" + "\n".join(map(str, range(7))) + "\n")
    chunks = list(read_chunks(path, csv_data(path), size=3))
    assert [chunk.index.to_list() for chunk in chunks] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [cell for chunk in chunks for cell in chunk["a"]] == [str(number) for number in range(7)]
    assert count_rows(path, csv_data(path)) == 7


def test_a_wrong_header_is_refused_without_importing_pandas(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n1,2\n")
    code = (
        "import sys\nfrom foldwise.data.sources.read import check_source\nfrom foldwise.errors import DataError\n"
        "from foldwise.spec.data import CsvData\n"
        f"try: check_source(CsvData(kind='csv', path={str(path)!r}, target='z'))\n"
        "except DataError: print(sorted({'pandas', 'numpy', 'sklearn', 'pyarrow'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pandas" not in out
    assert "sklearn" not in out


def test_a_right_header_passes(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n1,2\n")
    check_source(csv_data(path))
