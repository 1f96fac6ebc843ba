"""The services of docker/compose.yaml as processes of this machine: their very commands, with other places."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

from tests.end_to_end.doors import ROOT

DOCKER = ROOT / "docker"
PATIENCE = 240  # seconds; a server takes 20 on a machine that has nothing else to do


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Stack:
    """Starts, asks and kills services; `db` is a PostgreSQL that is given."""

    def __init__(self, folder, socket_folder):
        self.file = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
        self.services = self.file["services"]
        self.folder = folder
        self.processes = {}
        (folder / "bin").mkdir()
        for name in ("entrypoint.sh", "healthy.py"):
            (folder / "bin" / name).symlink_to(DOCKER / name)
        for name in ("runs", "artifacts", "jobs", "data"):
            (folder / "srv" / name).mkdir(parents=True)
        shutil.copytree(ROOT / "conf" / "jobs", folder / "srv" / "jobs", dirs_exist_ok=True)
        subprocess.run([DOCKER / "secrets.sh", folder / "secrets"], check=True)
        database = rf"\1://foldwise@/\2?host={socket_folder}"
        self.ports = {"mlflow": free_port(), "dask-scheduler": free_port(), "model": free_port()}
        self.changes = [
            (r"(postgresql(?:\+psycopg)?)://foldwise@db:5432/(\w+)", database),
            (r"/srv\b", str(folder / "srv")),
            (r"--host=0\.0\.0\.0", "--host=127.0.0.1"),
            (r"--local-directory=/tmp", f"--local-directory={folder}"),
            (r"\$\{\w+:-(\w+)\}", r"\1"),
            *((rf"/run/secrets/{name}\b", str(folder / source["file"])) for name, source in self.file["secrets"].items()),
        ]
        for name, port in self.ports.items():
            own = self.services[name]["ports"][0].rpartition(":")[2]
            self.changes += [
                (rf"(?:{name}|127\.0\.0\.1|localhost):{own}", f"127.0.0.1:{port}"),
                (rf"--port={own}", f"--port={port}"),
            ]
        (folder / "srv" / "mlflow_auth.ini").write_text(self.here((DOCKER / "mlflow_auth.ini").read_text()))

    def here(self, text):
        for pattern, place in self.changes:
            text = re.sub(pattern, place, str(text))
        return text

    def environment(self, service):
        given = self.services[service].get("environment", {})
        path = os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        own = {"PATH": path, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "PYTHONUNBUFFERED": "1"}
        return {**os.environ, **own, **{key: self.here(value) for key, value in given.items()}}

    def start(self, service):
        words = ["entrypoint.sh", *(self.here(word) for word in self.services[service]["command"])]
        with (self.folder / f"{service}.log").open("ab") as log:
            self.processes[service] = subprocess.Popen(
                words, cwd=self.folder, env=self.environment(service), stdout=log, stderr=log, start_new_session=True
            )

    def is_healthy(self, service):
        kind, *words = self.services[service]["healthcheck"]["test"]
        assert kind == "CMD"
        words = [self.here(word) for word in words]
        asked = subprocess.run(words, cwd=self.folder, env=self.environment(service), capture_output=True, check=False)
        return asked.returncode == 0

    def until_healthy(self, service):
        self.until(lambda: self.is_healthy(service), service)

    def until(self, condition, service):
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, self.log(service)
            if service in self.processes:
                assert self.processes[service].poll() is None, self.log(service)
            time.sleep(2)  # asking costs a process

    def log(self, service):
        path = self.folder / f"{service}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def end(self, service, number=signal.SIGKILL):
        process = self.processes.pop(service)
        os.killpg(process.pid, number)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return process.returncode

    def restart(self, service):
        self.end(service)
        self.start(service)
        self.until_healthy(service)

    def close(self):
        for service in list(self.processes):
            self.end(service, signal.SIGTERM)
