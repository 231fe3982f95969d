"""A kernel with more possible CPUs than a cpu_set_t has bits (played by many_cpus.c) runs both programs."""
import os

import pytest

from clients import GREETING, IPV4, visit
from programs import run, server_config, totals


class ManyCpus:
    """What a program's environment must hold so that it sees such a kernel, and what it asks of it."""

    def __init__(self, folder):
        self.path = os.environ.get("HELLO_MANY_CPUS")
        if not self.path:
            pytest.skip("HELLO_MANY_CPUS does not name the library that plays such a kernel")
        self.asked = folder / "asked"
        self.asked.touch()

    def environment(self, allowed, **more):
        return {"LD_PRELOAD": self.path, "MANY_CPUS": allowed, "MANY_CPUS_REPORT": str(self.asked),
                **more}

    def taken(self):
        """The sets of CPUs that threads have asked to stay on so far."""
        return sorted(self.asked.read_text().splitlines())


@pytest.fixture
def many_cpus(tmp_path):
    return ManyCpus(tmp_path)


def test_a_server_has_a_worker_for_each_cpu_beyond_1024(server, engine, many_cpus):
    one = server("--engine", engine, env=many_cpus.environment("5000,8191"))
    assert one.workers == 2
    assert many_cpus.taken() == []  # none of them stays on one
    assert visit(one.address(IPV4)) == GREETING
    assert one.stop() == totals(greeted=1)


def test_a_generator_runs_on_cpus_beyond_1024(server, report, engine, many_cpus):
    one = server()
    found = report("--engine", engine, "-n", 100, "-t", "auto", one.target(IPV4),
                   env=many_cpus.environment("70,5000,8191"))
    assert (found.code, found.ok) == (0, 100)
    assert found.json["machine"]["cpus_allowed"] == 3
    assert len(found.json["threads"]) == 3
    assert many_cpus.taken() == ["5000", "70", "8191"]
    assert one.stop() == totals(greeted=100)


def test_cpus_that_a_server_does_not_use_are_reported(server, many_cpus):
    environment = many_cpus.environment("0-8191")
    assert server_config("-q", env=environment)["platform.cpus"] == "1024"
    one = server("-w", 1, env=environment)
    assert one.stderr() == [
        "hello-server: warning: 8192 CPUs are allowed, of which only the first 1024 are used"]
    assert one.workers == 1
    one.stop(warnings=1)


def test_cpus_that_a_generator_does_not_use_are_reported(server, many_cpus):
    one = server()
    done = run(os.environ["HELLO_LOAD"], "-n", 1, one.target(IPV4),
               env=many_cpus.environment("1-8191"))
    assert done.stderr.splitlines() == [
        "hello-load: warning: 8191 CPUs are allowed, of which only the first 1024 are used"]
    assert done.returncode == 0
