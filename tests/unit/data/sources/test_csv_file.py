import subprocess
import sys

import pytest

from foldwise.data.read_table import read_table
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


# ------------------------------------------------------------------ lines that are no rows, files without a header

HEADLESS = "5.1,3.5,1.4,setosa\n" + "4.9,3.0,1.4,setosa\n6.2,2.9,4.3,other\n" * 9


@pytest.mark.parametrize(("target", "named"), [("column_4", "column_4"), (-1, "column_4"), ("-3", "column_2")])
def test_a_file_without_a_header_keeps_its_first_row(tmp_path, target, named):
    (tmp_path / "rows.csv").write_text(HEADLESS)
    data = csv_data(tmp_path / "rows.csv", header=False, target=target)
    check_source(data)
    frame = read_source(data).frame
    assert list(frame.columns) == ["column_1", "column_2", "column_3", "column_4"]
    assert len(frame) == 19
    table = read_table(data.model_copy(update={"task": "auto"}))
    assert table.target_name == named
    assert len(table) == 19


def test_the_target_of_a_file_without_a_header_must_be_one_of_its_columns(tmp_path):
    with pytest.raises(DataError, match="the file has 4 columns, not 5; -1 is the last"):
        read(tmp_path, HEADLESS, header=False, target=-5)
    with pytest.raises(DataError, match="has no column 'y'; known: column_1"):
        read(tmp_path, HEADLESS, header=False)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        (HEADLESS, "setosa"),
        ("6,148.5,72,1\n" + "1,85.1,66,0\n8,183.0,64,1\n" * 5, "1"),
        ("p,x,s,n\n" + "e,x,s,n\np,b,y,w\n" * 5, "p"),
    ],
)
def test_a_first_line_that_looks_like_a_row_is_noted(tmp_path, text, target):
    (note,) = read(tmp_path, text, target=target).notes
    assert note.startswith("line 1 looks like a row")
    assert "data.header=false" in note


@pytest.mark.parametrize(
    "text",
    [
        "a,b,y\n1,2,3\n4,5,6\n",
        "country,1990,1991,1992,y\nx,1.5,2.5,3.5,0\nz,1.0,2.0,3.0,1\n",
        "0,1,2,y\n1,2,3,0\n3,4,5,1\n",
        "size,y\nbig,yes\nsmall,no\n",
    ],
)
def test_a_header_is_not_taken_for_a_row(tmp_path, text):
    assert read(tmp_path, text).notes == ()


def test_without_the_target_a_file_without_a_header_gets_the_option(tmp_path):
    with pytest.raises(DataError, match=r"has no column 'y'; line 1 looks like a row .*data\.header=false and data\.target=-1"):
        read(tmp_path, HEADLESS)
    with pytest.raises(DataError, match=r"names the column 5.1 twice; rename one, or set data\.header=false"):
        read(tmp_path, "5.1,5.1,y\n1.5,2.5,y\n3.5,4.5,n\n4.5,4.5,n\n")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("# exported 2024\na,b,y\n1,2,0\n", {"comment": "#"}, "begins like a comment"),
        ("// by hand\n// again\na,b,y\n1,2,0\n", {"comment": "//"}, "begins like a comment"),
        ("Sales of 2024\nby region\na,b,y\n1,2,0\n", {"skip": 2}, "data.skip=2"),
        ("Sales\n\n\na,b,y\n1,2,0\n", {"skip": 3}, "data.skip=3"),
        ("a,b,y\n1,2,0\n# note\n", {"comment": "#"}, "\"data.comment='#'\""),
        ("a,b,y\n1,2,0\nTotal 3\n", {"skip_end": 1}, "data.skip_end=1"),
        ("a,b,y\n1,2,0\n\nrows: 1\nby X\n", {"skip_end": 2}, "data.skip_end=2"),
        ("a,y,b\n1,0,2\n3,1\n4,0,5\n", {"ragged": "fill"}, "data.ragged=fill"),
        ("a,y,b\n1,0,2,,\n3,1,2\n", {"ragged": "fill"}, "data.ragged=fill"),
        ("a   y  b\n1 0   2\n\t3\t1  'x'  \n", {"delimiter": "whitespace"}, "data.delimiter=whitespace"),
        ("sep=;\na;y;b\n1;0;2\n", {"delimiter": ";"}, "data.delimiter=';'"),
    ],
)
def test_each_line_that_is_no_row_has_an_option_and_a_proposal_that_names_it(tmp_path, text, options, message):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    frame = read(tmp_path, text, **options).frame
    assert frame["a"].iloc[0] == "1"
    assert frame["y"].iloc[0] == "0"
    assert frame["b"].iloc[0] == "2"


def test_filled_rows_have_missing_cells(tmp_path):
    assert read(tmp_path, "a,y,b\n1,0,2\n3,1\n", ragged="fill").frame["b"].to_list() == ["2", None]
    with pytest.raises(DataError, match="line 2: 4 cells, more than the 3"):
        read(tmp_path, "a,y,b\n1,0,2,9\n3,1,2\n", ragged="fill")


def test_quoted_cells_may_hold_blanks_and_comment_marks(tmp_path):
    frame = read(tmp_path, 'a y\n"New   York"  1\n', delimiter="whitespace").frame
    assert frame["a"].to_list() == ["New   York"]
    frame = read(tmp_path, 'a,y\n"x\n# still x",1\n', comment="#").frame
    assert frame["a"].to_list() == ["x\n# still x"]


def test_a_line_that_names_the_delimiter_is_skipped_with_a_note(tmp_path):
    source = read(tmp_path, "sep=,\na,y\n1,2\n")
    assert source.frame.to_dict("list") == {"a": ["1"], "y": ["2"]}
    assert source.notes == ("line 1 (sep=,) names the delimiter and is skipped",)


def test_line_numbers_count_lines_that_are_left_out(tmp_path):
    with pytest.raises(DataError, match="line 5: 3 cells"):
        read(tmp_path, "title\n# one\na,y\n1,2\n1,2,3\n", skip=1, comment="#")


@pytest.mark.parametrize("delimiter", ["", ",,", "white"])
def test_a_delimiter_is_one_character_or_a_known_word(tmp_path, delimiter):
    with pytest.raises(ValueError, match="must be one character, tab or whitespace"):
        csv_data("rows.csv", delimiter=delimiter)


@pytest.mark.parametrize(
    ("text", "proposal"),
    [
        ("a^b^y\n1^2^3\n", "set \"data.delimiter='^'\""),
        ("a:b:y\n1:2:3\n", "set data.delimiter=:"),
        ("a \t b  y\n1 \t 2  3\n", "set data.delimiter=whitespace"),
        ("; made by x; y\na,b,y\n1,2,3\n", "set \"data.comment=';'\""),
        ("! made by x\na,b,y\n1,2,3\n", "data.comment="),
        ("The title\n\na;b;y\n1,5;2;3\n", "line 3 has 'y', separated by ';'; set data.skip=2 data.delimiter=';'"),
        ("a,y\n1,2,\n", "or set data.ragged=fill, which drops empty ones"),
        ("a,y\n1,2\n".encode("utf-32"), "the mark of UTF-32, not utf-8; set data.encoding=utf-32"),
    ],
)
def test_a_proposal_fits_what_the_file_looks_like(tmp_path, text, proposal):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert proposal in str(caught.value)


@pytest.mark.parametrize(("options", "said"), [({"skip": 9}, "data.skip=9"), ({"skip_end": 9}, "data.skip_end=9")])
def test_a_file_whose_lines_are_all_left_out_is_not_called_empty(tmp_path, options, said):
    with pytest.raises(DataError, match=f"no line is left after .*{said}"):
        read(tmp_path, "a,y\n1,2\n", **options)
