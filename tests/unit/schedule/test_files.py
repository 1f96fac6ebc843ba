import pytest

from foldwise.errors import ConfigError
from foldwise.schedule.files import MOST_BYTES, read_job, read_jobs

GOOD = "cron: '0 3 * * 1'\nmodel: iris\n"


def refused(folder, text, name="weekly.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        read_job(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value).removeprefix(str(path)).removeprefix(": ")


def test_a_job_is_a_file_and_is_called_as_it_is(tmp_path):
    (tmp_path / "weekly.yaml").write_text(GOOD + "time_zone: Asia/Kolkata\noverrides: [budget.trials=5]\nretries: 0\n")
    (tmp_path / "search.yaml").write_text("cron: '@daily'\ndoor: tune\nrecipe: titanic\nenabled: no\n")
    (tmp_path / ".hidden.yaml").write_text("nothing")
    (tmp_path / "notes.txt").write_text("nothing")
    found = read_jobs(tmp_path)
    assert list(found.jobs) == ["search", "weekly"]
    assert found.broken == {}
    assert found.jobs["weekly"].words == ("model=iris", "budget.trials=5")
    assert found.jobs["weekly"].when == "0 3 * * 1 Asia/Kolkata"
    assert found.jobs["search"].words == ("experiment=titanic",)
    assert found.jobs["search"].when == "disabled"


def test_a_broken_file_does_not_hide_the_others(tmp_path):
    (tmp_path / "weekly.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text("cron: nonsense\nmodel: iris\n")
    found = read_jobs(tmp_path)
    assert list(found.jobs) == ["weekly"]
    assert "cron: 'nonsense' must have five fields" in str(found.broken["bad"])


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"jobs: .* is no folder"):
        read_jobs(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "retires: 3\n", "retires: unknown key, did you mean retries?"),
        (GOOD + "name: other\n", "name: unknown key"),
        (GOOD + "retries: many\n", "retries: must be a whole number, got 'many' as text"),
        (GOOD + "time_limit: 0\n", "time_limit: must be > 0"),
        (GOOD + "time_limit: .inf\n", "time_limit: must be finite"),
        (GOOD + "time_zone: Europe/Berln\n", "time_zone: 'Europe/Berln' is not a time zone, did you mean Europe/Berlin?"),
        (GOOD + "overrides: [--multirun]\n", "overrides: '--multirun' is no override; write key=value"),
        (GOOD + "overrides: [rm -rf]\n", "overrides: 'rm -rf' is no override"),
        (GOOD + "overrides: 'a=b; c=d'\n", "overrides: must be a list"),
        (GOOD + "overrides: ['paths.data=${oc.env:HOME}']\n", "overrides.0: references such as"),
        (GOOD + "webhook: ftp://host/x\n", "webhook: must start with http"),
        (GOOD + "door: rm\n", "door: "),
        ("cron: '@daily'\nmodel: ../other\n", "1 to 100 of A-Z"),
        (GOOD + "recipe: titanic\n", "a recipe is for door: tune"),
        (GOOD + "door: tune\n", "a model is for door: retrain"),
        (GOOD + "overrides: [model=other]\n", "overrides say model once more, which is iris already"),
        ("cron: '0 3 * * 1'\n", "a job needs a model"),
        ("model: iris\n", "cron: "),
        ("cron: 0 0 30 2 *\nmodel: iris\n", "cron: '0 0 30 2 *' never comes"),
        ("cron: * * * * *\nmodel: iris\n", "is no YAML that can be read"),
        ("- a\n- b\n", "must be a mapping"),
        ("", "must be a mapping"),
        (GOOD + "model: other\n", "the key 'model' stands there twice"),
        ("a: &x [1]\nb: *x\n", "references (*name) are not read"),
        ("model: !!python/object/apply:os.system [ls]\ncron: x\n", "is no YAML that can be read"),
        (b"cron: \xff\xfe", "is no YAML that can be read"),
        ("\tcron: 1\n", "is no YAML that can be read"),
        ("a: " + "[" * 5000 + "]" * 5000, "is no YAML that can be read"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(text, said, tmp_path):
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize("name", ["a b.yaml", "-x.yaml", "ü.yaml", "x" * 101 + ".yaml"])
def test_a_name_is_one_that_can_be_a_file_and_a_word(name, tmp_path):
    assert "name: must be 1 to 100 of A-Z" in refused(tmp_path, GOOD, name)


def test_the_other_ending_is_no_job(tmp_path):
    assert "call it weekly.yaml" in refused(tmp_path, GOOD, "weekly.yml")
    assert list(read_jobs(tmp_path).broken) == ["weekly"]


def test_a_bomb_or_a_huge_file_is_neither_unfolded_nor_read(tmp_path):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
    )
    assert "references" in refused(tmp_path, bomb)
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(ConfigError, match=f"larger than {MOST_BYTES} bytes"):
        read_job(tmp_path / "huge.yaml")


def test_the_example_is_a_job_that_is_switched_off():
    from foldwise.doors.conf import shipped_conf

    found = read_jobs(shipped_conf() / "jobs")
    assert found.broken == {}
    assert [job.name for job in found.jobs.values() if job.enabled] == []
