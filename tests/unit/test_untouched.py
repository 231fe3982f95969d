"""No test changes a setting of the whole machine: others work on it, and other suites may run beside. What begins with
net. belongs to a network namespace, and each test has one of its own; the virtual machines are all ours."""
import pathlib
import re
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/blackbox"), str(TOP / "bench/suite")]

import machine  # noqa: E402
import network  # noqa: E402
import run  # noqa: E402

# Files of settings, but for those of a network; and what changes settings by their names.
SETTING = re.compile(r"""(?<![\w./])/(?:proc/sys/(?!net/\w)|sys/)|\bsysctl\((?!"net\.|\d\))|\bsysctl"? ?,? ?"?-w""")
# {file: how often it names one}, and why it may.
MAY = {
    "tests/blackbox/kernel.py": 4,           # it reads any; it refuses to change one that is not of a network
    "tests/blackbox/network.py": 1,          # of the network that it made, see below
    "tests/blackbox/run.py": 1,              # the same
    "tests/blackbox/test_advice.py": 2,      # it makes a cgroup
    "tests/blackbox/test_load_quota.py": 4,  # the same
    "bench/suite/machine.py": 2,             # as run.py; it reads any
    "bench/suite/cgroup.py": 2,              # it makes a cgroup
    "bench/suite/unlike.py": 1,              # it only reads
    "bench/micro/system_calls.c": 2,         # the same
}


def settings_named(top, *folders):
    """{file: how many times it names a setting of the machine} of all below these folders."""
    found = {}
    for path in sorted(path for folder in folders for path in (top / folder).rglob("*") if path.is_file()):
        name = path.relative_to(top).as_posix()
        if not name.startswith(("tests/vm/", "tests/fuzz/corpus/")) and path != pathlib.Path(__file__).resolve():
            count = len(SETTING.findall(path.read_text(encoding="utf-8", errors="replace")))
            found.update({name: count} if count else {})
    return found


def test_only_what_may_names_a_setting_of_the_machine():
    assert settings_named(TOP, "tests", "bench") == MAY


@pytest.mark.parametrize("settings", [run.SETTINGS, network._SETTINGS, machine.SETTINGS])
def test_what_is_set_in_a_namespace_belongs_to_it(settings):
    assert [] == [name for name in settings if not name.startswith("net/")]


# And the search itself


@pytest.mark.parametrize("text, expected", [
    ('with open("/proc/sys/kernel/io_uring_disabled", "w") as setting:', 1),
    ("echo 3 >/proc/sys/vm/drop_caches", 1),
    ('open("/proc/sys/" + name, "w")', 1),
    ('open(f"/proc/sys/{name}", "w")', 1),
    ('open("/sys/kernel/mm/transparent_hugepage/enabled", "w")', 1),
    ('with sysctl("kernel.io_uring_disabled", 2):', 1),
    ("with sysctl(SETTING, 2), sysctl(OTHER, 1):", 2),
    ("sysctl -w kernel.pid_max=1000", 1),
    ('run("sysctl", "-w", setting)', 1),
    ('with sysctl("net.ipv4.tcp_syncookies", 0):', 0),
    ('open("/proc/sys/net/core/somaxconn", "w")', 0),
    ('machine_fake_write(fake, "proc/sys/kernel/osrelease", text);', 0),
    ('"/a.b/proc/sys/fs/file-max"', 0),
    ('as named in sysctl(8)', 0),
    ('"to have it: sysctl net.ipv6.conf.all.disable_ipv6=0"', 0),
])
def test_what_names_a_setting_of_the_machine_is_found(text, expected):
    assert len(SETTING.findall(text)) == expected


def test_the_virtual_machines_are_ours_and_each_other_file_counts(tmp_path):
    for name in ("tests/vm/init", "tests/low/a.sh", "bench/b.py", "bench/quiet.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("" if "quiet" in name else "echo 1 >/proc/sys/vm/swappiness\n")
    assert settings_named(tmp_path, "tests", "bench") == {"tests/low/a.sh": 1, "bench/b.py": 1}
