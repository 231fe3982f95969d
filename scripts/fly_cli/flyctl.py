"""How flyctl is found and run, and how its answers are read.

What changes nothing is asked; what changes something is shown first, and not done in a dry run.
"""
import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import Any, Callable, Optional, TypeVar

from fly_cli import messages
from fly_cli.messages import Problem
from fly_cli.signals import Signals

NAMES = ("flyctl", "fly")  # both are in use
INSTALL = "install flyctl (https://fly.io/docs/flyctl/install/) and run this again"
SHOWN_MAX = 300  # characters of an answer that is not understood

Read = TypeVar("Read")


class Unknown(Exception):
    """An answer has another shape than the one that is known here."""


class Flyctl:
    def __init__(self, name: str, dry_run: bool, signals: Signals):
        self.name = name
        self.dry_run = dry_run
        self.signals = signals

    @classmethod
    def find(cls, dry_run: bool, signals: Signals) -> "Flyctl":
        """In PATH, where this program may be in its way, with the same name."""
        own = os.path.realpath(sys.argv[0])
        for name in NAMES:
            path = shutil.which(name)
            if path and os.path.realpath(path) != own:
                return cls(name, dry_run, signals)
        raise Problem(f"there is no flyctl here; {INSTALL}")

    def ask(self, *words: str, kind: type, read: Callable[[Any], Read], failure: str,
            is_quiet: bool = False) -> Read:
        """What `read` makes of the answer to a question.

        The answer is JSON, and is of this kind: list or dict; an empty one may be null, as Go writes
        it. Anything else is a Problem, so that nonsense is not taken for "none". If flyctl fails the
        Problem says `failure`. is_quiet: what flyctl complains of is shown only with the Problem."""
        if self.dry_run:
            self.show(*words)
        result = self._run(*words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE if is_quiet else None)
        if result.returncode != 0:
            raise Problem(failure, details=result.stderr or "")
        try:
            answer = json.loads(result.stdout)
            if answer is not None and not isinstance(answer, kind):
                raise Unknown(f"it is no {'array' if kind is list else 'object'}")
            return read(kind() if answer is None else answer)
        except (Unknown, ValueError, RecursionError) as error:
            raise self._not_understood(words, result.stdout, error) from error

    def change(self, *words: str) -> bool:
        """Let flyctl do something, which may ask the user. Whether it was done."""
        self.show(*words)
        return self.dry_run or self._run(*words, stdout=messages.STDERR).returncode == 0

    def show(self, *words: str) -> None:
        messages.show("+ " + " ".join(map(quoted, (self.name, *words))))

    def check_login(self) -> None:
        failure = (f"flyctl is not logged in; run: {self.name} auth login (or set FLY_API_TOKEN),"
                   " and run this again")
        user = self.ask("auth", "whoami", "--json", kind=dict, failure=failure,
                        read=lambda answer: member(answer, "email"))
        if not user:
            raise Problem(failure)
        messages.say(f"logged in as {user}")

    def _run(self, *words: str, **streams: Any) -> subprocess.CompletedProcess[str]:
        with self.signals.held():
            try:
                # Signals that are ignored here are so there too: see Signals.ignore.
                return subprocess.run([self.name, *words], check=False, encoding="utf-8",
                                      errors="replace", restore_signals=False, **streams)
            except OSError as error:
                raise Problem(f"cannot run {self.name}: {error.strerror}; {INSTALL}") from error

    def _not_understood(self, words: tuple[str, ...], text: str, error: Exception) -> Problem:
        command = " ".join(map(quoted, (self.name, *words)))
        shown = text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "..."
        return Problem("flyctl's answer is not the expected JSON, see above; it may be too old:"
                       f" {self.name} version upgrade",
                       details=f"{command}: answered {json.dumps(shown)}: {error}")


def member(value: Any, *path: str) -> Any:
    """Of an object in an answer, or of one within it; None if it is missing. Unknown if there is
    something else than an object."""
    for name in path:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise Unknown(f"{json.dumps(value)} has no member {name}")
        value = value.get(name)
    return value


def text_of(value: Any, *names: str) -> str:
    """The member that has one of these names, and of whichever kind it is; empty if it is missing.
    (What flyctl prints as Go has it begins with capital letters.)"""
    found: Optional[Any] = next((one for one in (member(value, name) for name in names) if one), None)
    return "" if found is None else str(found)


def quoted(word: str) -> str:
    """As a shell takes it, on one line."""
    if word.isprintable():
        return shlex.quote(word)
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + "".join(c if c.isprintable() else _escape(c) for c in escaped) + "'"


def _escape(character: str) -> str:
    if character == "\n":
        return "\\n"
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))
