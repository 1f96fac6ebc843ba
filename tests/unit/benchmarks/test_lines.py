"""Lines that were written are read again, the last of each key, and a line that was cut off is not there."""

from benchmarks.lines import append, read


def test_the_last_of_each_key_is_read(tmp_path):
    path = tmp_path / "folder" / "lines.jsonl"
    assert read(path, "table", "split") == {}
    for split, score in ((0, 1), (1, 2), (0, 3)):
        append(path, {"table": "iris", "split": split, "score": score})
    assert {key: one["score"] for key, one in read(path, "table", "split").items()} == {("iris", 0): 3, ("iris", 1): 2}


def test_a_line_that_was_cut_off_is_left_out_and_the_next_is_whole(tmp_path):
    path = tmp_path / "lines.jsonl"
    append(path, {"split": 0})
    path.write_text(path.read_text() + '{"split": 1, "sco')
    append(path, {"split": 2})
    assert list(read(path, "split")) == [(0,), (2,)]
