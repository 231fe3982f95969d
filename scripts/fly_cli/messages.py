"""What users read and are asked.

Results go to the standard output; all else goes to the standard error, each line with the name of
the program. Both are written at once, so that what flyctl writes meanwhile keeps its place.
"""
import contextlib
import os

PROGRAM = "fly"
STDIN, STDOUT, STDERR = range(3)


class Problem(Exception):
    """What ends a command: one line of what failed, why, and what to do next.

    details: what was seen of it, to be shown above that line."""

    code = 1  # it could not be done, or not be verified

    def __init__(self, text: str, details: str = ""):
        super().__init__(text)
        self.details = details.rstrip("\n")

    def report(self) -> int:
        """Returns the exit code that belongs to it."""
        if self.details:
            show(self.details)
        say(str(self))
        return self.code


class WrongUsage(Problem):
    code = 2


def print_result(text: str) -> None:
    """A result. Problem if it cannot be written."""
    try:
        _write(STDOUT, text + "\n")
    except OSError as error:
        raise Problem(f"cannot write the result: {error.strerror};"
                      " fix that and run this again") from error


def say(text: str) -> None:
    """A message. One that cannot be written is no reason to stop."""
    show(f"{PROGRAM}: {text}")


def show(text: str) -> None:
    """A line for the standard error that is no message of this program."""
    with contextlib.suppress(OSError):
        _write(STDERR, text + "\n")


def has_terminal() -> bool:
    """Whether there is somebody to ask."""
    return os.isatty(STDIN)


def question(text: str) -> str:
    """The answer to a question, which is empty if there is none."""
    with contextlib.suppress(OSError):
        _write(STDERR, text)
    # Without a buffer: what is typed ahead is for flyctl.
    with open(STDIN, "rb", buffering=0, closefd=False) as terminal:
        return terminal.readline().decode(errors="replace").strip()


def _write(descriptor: int, text: str) -> None:
    data = text.encode(errors="backslashreplace")
    # When nobody reads any more there is also SIGPIPE, which ends the program: see signals.
    with contextlib.suppress(BrokenPipeError):
        while data:
            data = data[os.write(descriptor, data):]
