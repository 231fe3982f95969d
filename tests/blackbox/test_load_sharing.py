"""A generator that shares its CPUs is never said to have been fine; facts that are not there are
unknown."""
import contextlib
import os
import subprocess
import sys

import pytest

from clients import IPV4
from programs import SANITIZED, last_cpu, run, server_path

FIRST = min(os.sched_getaffinity(0))


def on_first_cpu():
    os.sched_setaffinity(0, {FIRST})


@contextlib.contextmanager
def competitor(nice=0):
    """Something else that wants all of the first CPU."""
    program = "import os\nos.nice(%d)\nprint(flush=True)\nwhile True: pass" % nice
    with subprocess.Popen([sys.executable, "-c", program], preexec_fn=on_first_cpu,
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def thread_shares(measured):
    return measured.json["threads"][0]


def test_a_generator_whose_cpu_another_takes_is_not_said_to_be_fine(server, report, engine):
    one = server("-w", 1, before=last_cpu)
    with competitor():
        measured = report("-c", 64, "-d", "1s", "-t", 1, "-e", engine, one.target(IPV4),
                      before=on_first_cpu)
    assert (measured.code, measured.errors) == (0, {})
    assert "generator_fine" not in measured.verdicts, measured.verdicts
    shares = thread_shares(measured)
    assert shares["cpu"] == FIRST
    # A kernel with schedstat, and a server that was quick enough for the generator to want its CPU.
    if shares["waited_share"] is not None and shares["busy_share"] > 0.1:
        assert shares["waited_share"] > 0.1 and "cpu_shared" in measured.verdicts, (shares, measured.verdicts)


def test_a_nice_neighbour_is_judged_by_what_it_took(server, report):
    one = server("-w", 1, before=last_cpu)
    with competitor(nice=19):
        measured = report("-c", 64, "-d", "1s", "-t", 1, one.target(IPV4), before=on_first_cpu)
    shares = thread_shares(measured)
    if shares["waited_share"] is not None and shares["waited_share"] <= 0.1 and shares["busy_share"] < 0.7:
        assert "cpu_shared" not in measured.verdicts, (shares, measured.verdicts)


@pytest.mark.parametrize("more", [0, 2, 6])
def test_threads_for_all_cpus_beside_the_service_are_not_said_to_be_fine(server, report, more):
    one = server()
    cpus = len(os.sched_getaffinity(0))
    measured = report("-c", 64, "-d", "1s", "-t", cpus + more, one.target(IPV4))
    assert "generator_fine" not in measured.verdicts, (measured.verdicts, measured.json["threads"])
    assert ("threads_exceed_cpus" in measured.verdicts) == (more > 0)


@pytest.mark.skipif("address" in SANITIZED, reason="LeakSanitizer needs /proc")
def test_where_nothing_is_known_of_cpus_the_generator_is_not_called_fine(server, report):
    """Neither /proc/stat nor schedstat: all but the processes is hidden, and they are laid over."""
    trial = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"no private mounts: {trial.stderr.strip()}")
    script = 'mount -t tmpfs none /proc && mount -t tmpfs none /sys && exec "$@"'
    result = run("unshare", "-m", "sh", "-c", script, "sh", server_path(), "--print-config")
    assert result.returncode == 0, result.stderr
    for name in ("cpu_quota", "steal", "somaxconn"):
        assert f"platform.{name}=unknown  # " in result.stdout, result.stdout
    one = server("-w", 1)
    result = run("unshare", "-m", "sh", "-c", script, "sh", os.environ["HELLO_LOAD"], "-d",
                 "500ms", "-c", 4, one.target(IPV4))
    assert result.returncode == 0, result
    assert "the generator was not the limit" not in result.stdout, result.stdout
    assert "steal unknown" in result.stdout and "quota unknown" in result.stdout, result.stdout
