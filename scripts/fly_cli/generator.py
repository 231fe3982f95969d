"""The Machine that runs hello-load for bench: made, asked for what it found, and destroyed."""
import os
import time
from typing import Optional

from fly_cli import messages
from fly_cli.app import App
from fly_cli.machine import GENERATOR_ROLE
from fly_cli.messages import Problem

# What the Machine runs, with hello-load's arguments as its own. It keeps what it found for some
# minutes, to be fetched, in whichever directory may be written to: by `fly machine exec`, whose
# answers come whole, and which is known to give up on commands that take half a minute. On its own it
# ends in time also if nobody fetches anything. Ports: all, where that is allowed.
SCRIPT = """\
for dir in /dev/shm /tmp /; do [ -w $dir ] && break; done
cd $dir
(echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range) 2>/dev/null
/usr/local/bin/hello-load --json --no-live "$@" >hello-load.json 2>hello-load.err
echo $? >hello-load.code
/bin/sleep 300"""
DIRECTORIES = ("/dev/shm/", "/tmp/", "/")
PAUSE_S = 2  # between two looks at whether hello-load has ended


class Generator:
    """A context: on each way out of it the Machine is destroyed, if there is one."""

    def __init__(self, app: App):
        self.app = app
        self.flyctl = app.flyctl
        self.name = ""  # set once there may be a Machine of this name
        self.id = ""

    def __enter__(self) -> "Generator":
        return self

    def __exit__(self, *_: object) -> None:
        self.flyctl.signals.ignore()
        if self.name:
            self._destroy()

    def start(self, image: str, region: str, size: str, load_options: list[str]) -> None:
        name = f"hello-load-{int(time.time())}-{os.getpid()}"
        if not self.flyctl.dry_run:
            self.name = name
        if not self.flyctl.change(
                "machine", "run", image, "--app", self.app.name, "--name", name, "--region", region,
                "--vm-size", size, "--rm", "--restart", "no", "--skip-dns-registration",
                "--metadata", f"role={GENERATOR_ROLE}", "--entrypoint", "/bin/sh",
                "--", "-c", SCRIPT, "sh", *load_options):
            raise Problem("cannot run a Machine for hello-load; fix what flyctl reports above,"
                          " or try another --region or --size")

    def show_rest(self) -> None:
        """In a dry run: what would follow."""
        self.flyctl.show(*self.app.execute_words("ID", _cat("json")))
        self.flyctl.show(*self.app.destroy_words("ID"))

    def wait(self, wait_s: int) -> int:
        """For the end of hello-load. Returns its exit code."""
        logs = f"{self.flyctl.name} logs --app {self.app.name}"
        began_s = time.monotonic()
        if not self._find():
            raise Problem("cannot find the Machine that was made for hello-load, which ended at once;"
                          f" see why: {logs}")
        while True:
            complaint: Optional[Problem] = None
            try:
                code = self.fetch("code", is_quiet=True)
                if code.isascii() and code.isdigit():
                    return int(code)
            except Problem as problem:
                complaint = problem
            if time.monotonic() - began_s >= wait_s:
                if complaint:
                    complaint.report()
                raise Problem(f"hello-load did not end within {wait_s} s; allow more time with --wait, or see: {logs}")
            time.sleep(PAUSE_S)

    def fetch(self, what: str, is_quiet: bool = False) -> str:
        """What hello-load left in a file, wherever that is: code, err or json. Empty if there is none yet."""
        return self.app.execute(self.id, _cat(what), is_quiet).stdout

    def _find(self) -> bool:
        """By its name, also when flyctl failed after it was made."""
        try:
            self.id = next((one.id for one in self.app.machines() if one.name == self.name), "")
        except Problem as problem:
            problem.report()
        return bool(self.id)

    def _destroy(self) -> None:
        if not self.id and not self._find():
            return
        if not self.flyctl.change(*self.app.destroy_words(self.id)):
            messages.say(f"cannot destroy the Machine {self.id} ({self.name}), which ends on its own; to see whether"
                         f" it has:\n    {self.flyctl.name} machine list --app {self.app.name}")


def _cat(what: str) -> str:
    return "/bin/cat " + " ".join(f"{directory}hello-load.{what}" for directory in DIRECTORIES)
