"""docker/: no root, no secret in a file that is kept, no port open to the world."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


def lint(*words):
    done = subprocess.run([BIN / words[0], *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_its_linter():
    lint("hadolint", "docker/Dockerfile")


def test_the_compose_file_fits_its_schema():
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker/compose.yaml")


def test_the_image_holds_no_compiler_and_does_not_run_as_root():
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM ") :]
    assert not re.search(r"apt-get|build-essential|gcc|pip install", last)
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["10001"]
    assert "HEALTHCHECK" in last
    assert "--constraint constraints.txt" in text
    assert all(re.fullmatch(r"[\w/]+:[\d.]+-\S+(?: AS \w+)?", name) for name in re.findall(r"^FROM (.*)$", text, re.MULTILINE))


def test_the_image_is_built_from_the_files_that_it_copies():
    lines = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(
        r"^COPY (?!--from)(?:--\S+ )*(.*) \S+$", (DOCKER / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert "*" in lines
    for source in " ".join(copied).split():
        assert f"!{source}" in lines
        assert (ROOT / source).exists()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_a_health_check_and_is_open_to_this_machine_only(service):
    described = SERVICES[service]
    assert described["healthcheck"]["test"][0] == "CMD"
    assert described["restart"] == "unless-stopped"
    assert all(str(port).startswith("127.0.0.1:") for port in described.get("ports", []))
    assert "privileged" not in described
    for other in described.get("depends_on", {}).values():
        assert other["condition"] == "service_healthy"


@pytest.mark.parametrize("service", SERVICES)
def test_a_secret_is_a_file_that_is_mounted(service):
    mounted = SERVICES[service].get("secrets", [])
    for key, value in SERVICES[service].get("environment", {}).items():
        if re.search("PASSWORD|SECRET|KEY|CERT", key):
            assert key.endswith("_FILE") or key.startswith("DASK_"), key
        if str(value).startswith("/run/secrets/"):
            assert value.removeprefix("/run/secrets/") in mounted, key
    assert set(mounted) <= set(COMPOSE["secrets"])
    assert not re.search(r"://[^/@\s]*:[^/@\s]*@", str(SERVICES[service]))


def enter(folder, *words, **variables):
    return subprocess.run(
        [DOCKER / "entrypoint.sh", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_entrypoint_reads_secrets_and_becomes_the_command(tmp_path):
    (tmp_path / "word").write_text("a $(touch bad) `b` \"c\" 'd'\n")
    shown = ["printenv", "PGPASSWORD"]
    done = enter(tmp_path, *shown, PGPASSWORD_FILE=str(tmp_path / "word"), DASK_DISTRIBUTED__COMM__TLS__CA_FILE="/nowhere")
    assert done.stdout == "a $(touch bad) `b` \"c\" 'd'\n"
    assert not (tmp_path / "bad").exists()
    assert enter(tmp_path, *shown, PGPASSWORD="given").stdout == "given\n"
    assert enter(tmp_path, "sh", "-c", "exit 7").returncode == 7


def test_the_entrypoint_refuses_a_missing_secret(tmp_path):
    (tmp_path / "empty").touch()
    missing = enter(tmp_path, "true", PGPASSWORD_FILE=str(tmp_path / "nowhere"))
    assert (missing.returncode, "cannot be read" in missing.stderr) == (2, True)
    empty = enter(tmp_path, "true", MLFLOW_TRACKING_PASSWORD_FILE=str(tmp_path / "empty"))
    assert (empty.returncode, "needs a value" in empty.stderr) == (2, True)


def test_secrets_are_made_once_and_stay_with_their_owner(tmp_path):
    folder = tmp_path / "secrets"
    subprocess.run([DOCKER / "secrets.sh", folder], check=True)
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {Path(source["file"]).name for source in COMPOSE["secrets"].values()} == set(made)
    assert folder.stat().st_mode & 0o077 == 0
    subprocess.run([DOCKER / "secrets.sh", folder], check=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
