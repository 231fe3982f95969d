"""scripts/fly, and the world that it sees: flyctl's stand-in and a configuration with the port of a
server that is really there."""
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time

import flyctl
from programs import DEADLINE_S

TOP = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = str(TOP / "scripts/fly")
APP = "hello-jo"
V6, V4 = "::1", "127.0.0.1"  # what Fly offers here
MACHINE_ID = "17811953c92018"
IMAGE = f"{flyctl.REGISTRY}/{APP}:{flyctl.TAG}@{flyctl.DIGEST}"


class World:
    """What flyctl's stand-in knows, in `directory`."""

    def __init__(self, directory, **changes):
        self.directory = directory
        self.file = directory / "world.json"
        self.config = directory / "fly.toml"
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.offer_flyctl("flyctl")
        self._save({
            "calls": [], "user": "jo@example.org", "apps": [], "taken": [], "ips": [],
            "offers": {"v6": [V6], "v4": [V4]}, "machines": [], "processes": {},
            "failures": {}, "answers": {}, "exec": {}, "exec_bytes": 1 << 30, "boots": False,
            **changes,
        })

    def _load(self):
        with self.file.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return json.load(file)

    def _save(self, state):
        self.file.write_text(json.dumps(state))

    def __getitem__(self, name):
        return self._load()[name]

    def set(self, **changes):
        """Only while no flyctl runs."""
        self._save({**self._load(), **changes})

    def offer_flyctl(self, name):
        """Put it in the way of scripts/fly, as its only one."""
        for other in self.bin.iterdir():
            other.unlink()
        script = self.bin / name
        script.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S {flyctl.__file__} \"$@\"\n")
        script.chmod(0o755)

    def write_config(self, port, *more, variant="fly.toml"):
        """A variant of fly.toml with another port, and with more lines in its [env]."""
        text = (TOP / variant).read_text()
        assert text.count("port = 1848") == 2
        text = text.replace("port = 1848", f"port = {port}")
        self.config.write_text(text.replace("[env]\n", "\n".join(["[env]", *more, ""])))

    def deployed(self, *addresses):
        """The app runs on a Machine, and has these addresses: pairs of type and address."""
        self.set(
            apps=[APP], ips=[flyctl.ip(*pair) for pair in addresses],
            machines=[flyctl.machine(APP, MACHINE_ID, "blue-sun-1848", "fra", "::1")],
        )

    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("FLY", "HELLO_")) or name in ("HELLO_LOAD", "HELLO_SERVER")}
        return {**kept, "PATH": f"{self.bin}:/usr/bin:/bin", "FLYCTL_WORLD": str(self.file)}

    def close(self):
        """End the Machines that are left."""
        for pid in self["processes"].values():
            os.killpg(pid, signal.SIGKILL)


def command(world, verb, *options):
    return [SCRIPT, verb, "--app", APP, "--config", str(world.config), *map(str, options)]


def run(world, verb, *options, within=4 * DEADLINE_S):
    """scripts/fly without a terminal."""
    return run_words(world, *command(world, verb, *options)[1:], within=within)


def run_words(world, *words, within=4 * DEADLINE_S, **environment):
    """The same with these words only."""
    return subprocess.run([SCRIPT, *words], env={**world.environment(), **environment}, timeout=within,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)


def start(world, verb, *options, stdout=subprocess.PIPE, **environment):
    """The same while it runs, in a process group of its own."""
    return subprocess.Popen(
        command(world, verb, *options), env={**world.environment(), **environment}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True)


def run_at_terminal(world, verb, *options, question, answer):
    """Its exit code and what the terminal showed; it is answered when it has asked."""
    near, far = pty.openpty()
    process = subprocess.Popen(command(world, verb, *options), env=world.environment(),
                               stdin=far, stdout=far, stderr=far, start_new_session=True)
    os.close(far)
    shown, answered, deadline = "", False, time.monotonic() + 4 * DEADLINE_S
    try:
        while True:
            left = max(0, deadline - time.monotonic())
            assert select.select([near], [], [], left)[0], f"no end, and no question: {shown}"
            try:
                part = os.read(near, 4096)
            except OSError:  # EIO: the other end is closed
                part = b""
            if not part:
                return process.wait(DEADLINE_S), shown
            shown += part.decode()
            if question in shown and not answered:
                os.write(near, answer.encode() + b"\n")
                answered = True
    finally:
        process.kill()
        os.close(near)


# What flyctl is to be asked for


def asked(world):
    """Every command, as one types it."""
    return [" ".join(call) for call in world["calls"]]


def changes(world):
    """Those of them that change something."""
    return [call for call in asked(world) if call not in QUESTIONS and " show " not in call]


QUESTIONS = {
    "auth whoami --json",
    "apps list --json",
    f"ips list --app {APP} --json",
    f"machine list --app {APP} --json",
}
CREATE = f"apps create {APP}"
ALLOCATE_V6 = f"ips allocate-v6 --app {APP}"
ALLOCATE_V4 = f"ips allocate-v4 --app {APP} --yes"


def deploy_command(world):
    return f"deploy . --app {APP} --config {world.config} --ha=false --remote-only --yes"


def config_command(world):
    return f"config show --local --app {APP} --config {world.config}"
