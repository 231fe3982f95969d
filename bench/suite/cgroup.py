"""A cgroup for a responder: limits its CPU time, and counts what it used. Version 1 and 2."""
import contextlib
import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")


def read_fields(path):
    return {name: int(value) for name, value in
            (line.split() for line in path.read_text(encoding="ascii").splitlines())}


class CpuCgroupV1:
    """Two hierarchies, or one for both: cpu limits, cpuacct counts."""

    def __init__(self, name):
        both = ROOT / "cpu,cpuacct"
        self.cpu = (both if both.exists() else ROOT / "cpu") / name
        self.cpuacct = (both if both.exists() else ROOT / "cpuacct") / name
        self.paths = {self.cpu, self.cpuacct}
        for path in self.paths:
            path.mkdir(exist_ok=True)

    def limit(self, quota_us, period_us):
        # A quota below the smallest allowed for the old period is refused, so lift it first.
        (self.cpu / "cpu.cfs_quota_us").write_text("-1")
        if quota_us:
            (self.cpu / "cpu.cfs_period_us").write_text(str(period_us))
            (self.cpu / "cpu.cfs_quota_us").write_text(str(quota_us))

    def used_s(self):
        return int((self.cpuacct / "cpuacct.usage").read_text()) / 1e9

    def throttled(self):
        fields = read_fields(self.cpu / "cpu.stat")
        return fields["nr_throttled"], fields["throttled_time"] / 1e9


class CpuCgroupV2:
    """One hierarchy. The controller must be handed down from above, which is a setting of the whole machine, and not
    ours to change."""

    def __init__(self, name):
        top = next((path for path in (ROOT, ROOT / "unified")
                    if (path / "cgroup.controllers").exists()), None)
        if top is None:
            raise OSError("no cgroup file system is mounted")
        if "cpu" not in (top / "cgroup.controllers").read_text().split():
            raise OSError(f"{top} has no CPU controller")
        control = top / "cgroup.subtree_control"
        if "cpu" not in control.read_text().split():
            raise OSError(f"{top} hands its CPU controller down to no cgroup, which this allows: echo +cpu >{control}")
        self.path = top / name
        self.paths = {self.path}
        self.path.mkdir(exist_ok=True)

    def limit(self, quota_us, period_us):
        (self.path / "cpu.max").write_text(f"{quota_us or 'max'} {period_us}")

    def used_s(self):
        return read_fields(self.path / "cpu.stat")["usage_usec"] / 1e6

    def throttled(self):
        fields = read_fields(self.path / "cpu.stat")
        return fields["nr_throttled"], fields["throttled_usec"] / 1e6


def add_self(cgroup):
    """To be called in a child before it becomes the program that is measured."""
    for path in cgroup.paths:
        (path / "cgroup.procs").write_text(str(os.getpid()))


def remove(cgroup):
    """Remove an empty cgroup. The last process in it may need a moment to be gone."""
    for path in cgroup.paths:
        deadline = time.monotonic() + 5
        while path.exists() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                path.rmdir()
            time.sleep(0.01)


def make(name):
    """A new cgroup, or an OSError that says why this machine has none."""
    reasons = []
    for version in (CpuCgroupV1, CpuCgroupV2):
        try:
            cgroup = version(name)
            cgroup.limit(None, 100000)
            cgroup.throttled()
            return cgroup
        except OSError as error:
            reasons.append(str(error))
    raise OSError("no CPU cgroup can be made (" + "; ".join(reasons) + "): run it as root on the "
                  "host, or in a container that may write below /sys/fs/cgroup")
