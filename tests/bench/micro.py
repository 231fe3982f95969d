"""The programs of bench/micro: run one, and read what it says."""
import json
import os
import pathlib
import subprocess
import tempfile

import pytest

TIMEOUT_S = 100


def program(variable):
    """The program that a variable names, or skip: without libbenchmark there is none."""
    if variable not in os.environ:
        pytest.skip(f"{variable} does not name a program: install libbenchmark-dev and g++")
    return os.environ[variable]


class Run:
    """One run of a program, as short as can be."""

    def __init__(self, path, *options, close_fds=True, **environment):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "out.json"
            done = subprocess.run(
                [path, "--benchmark_min_time=0.001", f"--benchmark_out={out}", *options],
                capture_output=True, text=True, check=False, env={**os.environ, **environment},
                close_fds=close_fds,
                timeout=TIMEOUT_S * (5 if os.environ.get("HELLO_SANITIZE") else 1))
            text = out.read_text(encoding="utf-8") if out.exists() else ""
        self.code, self.printed = done.returncode, done.stdout + done.stderr
        document = json.loads(text) if text else {"benchmarks": [], "context": {}}
        self.context = document["context"]
        self.records = {record["name"]: record for record in document["benchmarks"]}
        self.errors = [record.get("error_message") for record in self.records.values()]
