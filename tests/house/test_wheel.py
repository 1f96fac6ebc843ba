"""What the wheel holds: the package with its configuration and the command, and nothing else."""

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("hatchling") is None, reason="hatchling is not installed, and pip may not fetch it"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_it_installs_one_package_with_its_configuration(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"foldwise"}
    for folder, inside in ((ROOT / "src" / "foldwise", "foldwise"), (ROOT / "conf", "foldwise/conf")):
        files = (path for path in folder.rglob("*") if path.suffix in (".py", ".yaml", ".html", ".js", ".css"))
        assert {f"{inside}/{path.relative_to(folder)}" for path in files} <= names


def test_it_has_the_command(wheel):
    (entry,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("entry_points.txt"))
    assert "foldwise = foldwise.__main__:main" in zipfile.ZipFile(wheel).read(entry).decode().splitlines()


def test_it_finds_its_configuration_where_there_is_no_checkout(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = f"""
import sys
sys.path.insert(0, {str(tmp_path / "site")!r})
from foldwise.__main__ import main
from foldwise.system.command import door_command
assert main(["conf", "mine"]) == 0
assert main(["tune", "experiment=iris", "paths.conf=mine", "--cfg", "job"]) == 0
print(door_command("tune"))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\nfoldwise tune\n")
    assert (tmp_path / "mine" / "experiment" / "iris.yaml").is_file()
