"""Whether the greeting comes back from an address.

Every port of Fly's edge accepts connections, whoever is behind it: only the greeting proves anything.
"""
import enum
import errno
import json
import re
import socket
import time
from typing import NamedTuple, Optional

from fly_cli import config, messages
from fly_cli.app import App
from fly_cli.config import Config
from fly_cli.messages import Problem

LOOK_TIMEOUT_S = 10
PAUSE_S = 2  # between two looks
SHOWN_MAX = 60  # characters of what came instead of the greeting
READ_MAX = 4 * SHOWN_MAX  # bytes of it
# This host cannot get there at all, so that to look again is of no use.
NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


class Found(enum.Enum):
    GREETING = enum.auto()
    NO_GREETING = enum.auto()
    NO_WAY = enum.auto()


class Look(NamedTuple):
    found: Found
    seen: str


class Verification:
    def __init__(self, app: App, settings: Config, wait_s: int):
        self.app = app
        self.port = settings.port
        self.greeting = settings.greeting
        self.wait_s = wait_s
        self.has_way = True  # this host, to each address that was tried

    def verify(self, family: str, address: str) -> bool:
        """Wait for the greeting, and print what came. Returns whether it did."""
        began_s = time.monotonic()
        while True:
            look = look_at(address, self.port, self.greeting)
            if look.found == Found.GREETING:
                messages.print_result(f"{family} {address}, port {self.port}: {look.seen}")
                return True
            if look.found == Found.NO_WAY:
                self.has_way = False
                messages.say(f"this host has no way to {family} ({look.seen}), so a Machine tries it")
                return self._verify_from_machine(family, address)
            if time.monotonic() - began_s >= self.wait_s:
                messages.say(f"{family} {address}, port {self.port}: no greeting within {self.wait_s} s;"
                             f" last: {look.seen}")
                return False
            time.sleep(PAUSE_S)

    def _verify_from_machine(self, family: str, address: str) -> bool:
        """The same from inside: out of the Machine, and in again through Fly's edge."""
        machine = self.app.server_machine()
        if machine is None:
            messages.say(f"{family} {address}: NOT verified, no Machine runs; try it from a host with {family}")
            return False
        target = f"[{address}]:{self.port}" if family == "IPv6" else f"{address}:{self.port}"
        # Another greeting than the usual one would have to pass two shells.
        expect = "" if self.greeting == config.DEFAULT_GREETING else " --expect any"
        details = ""
        try:
            end = self.app.execute(machine.id, f"/usr/local/bin/hello-load -q -n 1{expect} {target}")
        except Problem as problem:
            problem.report()
        else:
            if end.code == 0:
                messages.print_result(f"{family} {address}, port {self.port}: greeted, seen from Machine {machine.id},"
                              " not from this host")
                return True
            details = "".join(f" ({text})" for text in (end.stdout, end.stderr) if text)
        messages.say(f"{family} {address}: NOT verified, also not from Machine {machine.id}{details}")
        return False


def look_at(address: str, port: int, greeting: bytes) -> Look:
    """Read the greeting once, as a client that says nothing."""
    data = bytearray()
    error: Optional[OSError] = None
    try:
        _read_all(address, port, max(READ_MAX, len(greeting) + 1), data)
    except OSError as caught:
        error = caught
    if data == greeting:
        return Look(Found.GREETING, f"read {_shown(data)}")
    if error is not None and error.errno in NO_WAY:
        return Look(Found.NO_WAY, error.strerror)
    if data:
        seen = f"read {_shown(data, SHOWN_MAX)} instead of the greeting"
    elif isinstance(error, socket.timeout) and error.errno is None:  # this one's own time is up
        seen = f"no end of the connection within {LOOK_TIMEOUT_S} s, and nothing to read"
    elif error is not None:
        seen = error.strerror or str(error)
    else:
        seen = "it was closed without a byte"
    return Look(Found.NO_GREETING, seen)


def _read_all(address: str, port: int, bytes_max: int, data: bytearray) -> None:
    """To the end of the connection, or until it is more than can be of use."""
    deadline_s = time.monotonic() + LOOK_TIMEOUT_S
    with socket.create_connection((address, port), timeout=LOOK_TIMEOUT_S) as connection:
        while len(data) < bytes_max:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise socket.timeout("timed out")
            connection.settimeout(left_s)
            part = connection.recv(bytes_max - len(data))
            if not part:
                return
            data += part


def _shown(data: bytearray, characters_max: Optional[int] = None) -> str:
    """As JSON has it, and without the control characters that JSON leaves as they are."""
    text = json.dumps(data.decode(errors="replace")[:characters_max], ensure_ascii=False)
    return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)
