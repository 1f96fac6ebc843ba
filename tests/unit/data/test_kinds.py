import pytest


def test_a_word_in_up_to_half_of_a_number_column_is_refused(tmp_path):
    from foldwise.data.read_table import read_table
    from foldwise.errors import DataError
    from foldwise.spec.data import CsvData

    rows = [f"{n * 1.5},{n},{n % 2}" for n in range(40)] + [f"--,{n},{n % 2}" for n in range(20)]
    (tmp_path / "rows.csv").write_text("x,z,y\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match="column x holds numbers, but the word '--' in 20 of 60 rows"):
        read_table(CsvData(kind="csv", path=str(tmp_path / "rows.csv"), target="y"))
