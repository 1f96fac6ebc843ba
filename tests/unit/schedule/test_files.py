import os

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


def test_a_job_has_the_name_of_its_file(tmp_path):
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


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"jobs: .* is not a folder"):
        read_jobs(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "retires: 3\n", "line 3: retires: unknown key, did you mean retries?"),
        (GOOD + "name: other\n", "name: unknown key"),
        (GOOD + "retries: many\n", "retries: must be a whole number, got 'many' as text"),
        (GOOD + "time_limit: 0\n", "time_limit: must be > 0"),
        (GOOD + "time_limit: .inf\n", "time_limit: must be finite"),
        (GOOD + "time_zone: Europe/Berln\n", "time_zone: 'Europe/Berln' is not a time zone, did you mean Europe/Berlin?"),
        (GOOD + "overrides: [--multirun]\n", "overrides: '--multirun' is not an override; write key=value"),
        (GOOD + "overrides: [rm -rf]\n", "overrides: 'rm -rf' is not an override"),
        (GOOD + "overrides: 'a=b; c=d'\n", "overrides: must be a list"),
        (GOOD + "overrides: ['paths.data=${oc.env:HOME}']\n", "overrides.0: references such as"),
        (GOOD + "webhook: ftp://host/x\n", "webhook: must start with http"),
        (GOOD + "door: rm\n", "door: "),
        ("cron: '@daily'\nmodel: ../other\n", "1 to 100 of A-Z"),
        (GOOD + "recipe: titanic\n", "a recipe is for door: tune"),
        (GOOD + "door: tune\n", "a model is for door: retrain"),
        (GOOD + "overrides: [model=other]\n", "overrides set model, which is already iris"),
        ("cron: '0 3 * * 1'\n", "a job needs a model"),
        ("model: iris\n", "cron: "),
        ("cron: 0 0 30 2 *\nmodel: iris\n", "cron: '0 0 30 2 *' never comes"),
        ("cron: * * * * *\nmodel: iris\n", "cannot be read as YAML"),
        ("- a\n- b\n", "must be a mapping"),
        ("", "must be a mapping"),
        (GOOD + "model: other\n", "line 3: cannot be read as YAML: duplicate key 'model'"),
        ("a: &x [1]\nb: *x\n", "line 2: cannot be read as YAML: aliases (*name) are not allowed"),
        ("model: !!python/object/apply:os.system [ls]\ncron: x\n", "cannot be read as YAML"),
        (b"cron: \xff\xfe", "cannot be read as YAML"),
        ("\tcron: 1\n", "cannot be read as YAML"),
        ("a: " + "[" * 5000 + "]" * 5000, "cannot be read as YAML"),
    ],
)
def test_an_error_names_the_file_and_the_key(text, said, tmp_path):
    assert said in refused(tmp_path, text)


@pytest.mark.parametrize("name", ["a b.yaml", "-x.yaml", "ü.yaml", "x" * 101 + ".yaml"])
def test_a_name_must_be_plain(name, tmp_path):
    assert "name: must be 1 to 100 of A-Z" in refused(tmp_path, GOOD, name)


def test_a_file_that_ends_in_yml_is_an_error(tmp_path):
    assert "rename it to weekly.yaml" in refused(tmp_path, GOOD, "weekly.yml")
    assert list(read_jobs(tmp_path).broken) == ["weekly"]


def test_a_yaml_bomb_or_a_huge_file_is_refused(tmp_path):
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
    )
    assert "aliases" in refused(tmp_path, bomb)
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(100 * 2**20)
    with pytest.raises(ConfigError, match=f"larger than {MOST_BYTES} bytes"):
        read_job(tmp_path / "huge.yaml")


@pytest.mark.timeout(20)
def test_a_pipe_or_a_link_out_of_the_folder_is_an_error_of_that_job_alone(tmp_path):
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    (jobs / "good.yaml").write_text(GOOD)
    (jobs / "twin.yaml").symlink_to("good.yaml")
    os.mkfifo(jobs / "pipe.yaml")
    (jobs / "folder.yaml").mkdir()
    (tmp_path / "secret").write_text("password\n")
    (jobs / "link.yaml").symlink_to("../secret")
    (jobs / "device.yaml").symlink_to("/dev/zero")
    (jobs / "gone.yaml").symlink_to("nowhere.yaml")
    found = read_jobs(jobs)
    assert list(found.jobs) == ["good", "twin"]
    said = {name: str(error).removeprefix(f"{jobs / name}.yaml: ") for name, error in found.broken.items()}
    assert said == {
        "device": f"is a link to a file outside of {jobs}; put the job itself there",
        "folder": "cannot be read: Is a directory",
        "gone": "cannot be read: No such file or directory",
        "link": f"is a link to a file outside of {jobs}; put the job itself there",
        "pipe": "cannot be read: it is not a regular file",
    }


def test_the_example_is_a_disabled_job():
    from foldwise.doors.conf import shipped_conf

    found = read_jobs(shipped_conf() / "jobs")
    assert found.broken == {}
    assert [job.name for job in found.jobs.values() if job.enabled] == []
