"""What the tests of scripts/bench share."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

SUITE = pathlib.Path(__file__).resolve().parents[2] / "bench" / "suite"
sys.path.insert(0, str(SUITE))

import cgroup  # noqa: E402


@pytest.fixture(name="group")
def fixture_group():
    try:
        made = cgroup.make(f"bench-test-{os.getpid()}")
    except OSError as error:
        pytest.skip(str(error))
    yield made
    cgroup.remove(made)


@pytest.fixture(name="suite")
def fixture_suite(tmp_path):
    """A function of a scenario and options: what a run of the suite leaves as JSON."""
    def suite(scenario, *options):
        done = subprocess.run(
            [sys.executable, "-B", SUITE / "bench.py", scenario, *options,
             "--build", os.environ["HELLO_BUILD"], "--results", tmp_path],
            capture_output=True, text=True, check=False, timeout=100, cwd=SUITE.parents[1])
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / f"{scenario}.json").read_text())
    return suite
