"""Ctrl-C and its like: the first one ends the program, which cleans up on its way out.

While flyctl runs, the program waits for flyctl to end before it does: flyctl gets the Ctrl-C of a
terminal itself, and what it has made must be known before it can be taken away again.
"""
import contextlib
import signal
from types import FrameType
from typing import Iterator, Optional

# SIGPIPE: nobody reads what the program writes.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
EXIT_CODE_BASE = 128  # as in a shell: 130 after Ctrl-C


class Signals:
    """At most once it raises SystemExit, in the main thread."""

    def __init__(self) -> None:
        self._is_held = False
        self._is_deaf = False
        self._first: Optional[int] = None

    def catch(self) -> None:
        """Those that the caller ignores (nohup, `&`) stay ignored. Python itself ignores SIGPIPE."""
        for number in ENDING:
            if number == signal.SIGPIPE or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._arrived)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """A signal that arrives inside ends the program only at the end of it."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if self._first is not None:
                self._end()

    def ignore(self) -> None:
        """From now on signals end nothing but flyctl, and SIGPIPE not even that: that nobody reads
        along is no reason to leave something behind."""
        self._is_deaf = True
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def _arrived(self, number: int, _: Optional[FrameType]) -> None:
        if self._first is None:
            self._first = number
        if not self._is_held:
            self._end()

    def _end(self) -> None:
        if self._is_deaf:
            return
        self._is_deaf = True
        assert self._first is not None
        raise SystemExit(EXIT_CODE_BASE + self._first)
