"""Run black-box tests in a network namespace of their own: run.py FILE... [PYTEST OPTION...]

The tests count every connection that the kernel establishes, change network settings and open tens
of thousands of sockets, so nothing else may share their network.

Exit code: 0 all passed that could run here; 77 none could, for the reasons printed; else failed. Which ones could
not is printed by ../outcomes.py.
"""
import os
import resource
import subprocess
import sys

EXIT_SKIPPED = 77
IN_NAMESPACE = "HELLO_BLACKBOX_NAMESPACE"

# What crowds on one machine need: many ports, room in the accept queue, and a receive window that
# takes 64 KiB before the application reads.
SETTINGS = {
    "net/core/somaxconn": "65535",
    "net/ipv4/ip_local_port_range": "1024 65535",
    "net/ipv4/tcp_rmem": "4096 262144 6291456",
}


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(EXIT_SKIPPED)


def enter_namespace():
    """Start this script again inside a new network namespace."""
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    try:
        trial = subprocess.run([*unshare, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        skip("no unshare(1): install util-linux")
    if trial.returncode != 0:
        skip(f"no private network namespace: {' '.join(unshare)}: {trial.stderr.strip()}")
    os.environ[IN_NAMESPACE] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def prepare_namespace():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in SETTINGS.items():
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as setting:
            setting.write(value)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Counter:
    """A pytest plugin: how many tests were skipped, and how many were not."""

    def __init__(self):
        self.skipped = self.ran = 0

    def pytest_runtest_logreport(self, report):
        self.skipped += report.skipped
        self.ran += report.when == "call" and not report.skipped

    def pytest_collectreport(self, report):
        self.skipped += report.skipped


def main():
    if IN_NAMESPACE not in os.environ:
        enter_namespace()
    try:
        import pytest
    except ImportError:
        skip(f"no pytest for {sys.executable}: install python3-pytest")
    prepare_namespace()
    counter = Counter()
    code = pytest.main(["-rs", *sys.argv[1:]], plugins=[counter])
    none_ran = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and not counter.ran
    return EXIT_SKIPPED if none_ran and counter.skipped else int(code)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main())
