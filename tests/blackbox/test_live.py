"""hello-load's live view, as a terminal shows it: drawn in place, gone at the end, never in the way."""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

import factory
from clients import IPV4, IPV6
from programs import DEADLINE_S, environment

pyte = pytest.importorskip("pyte", reason="no terminal emulator: install python3-pyte")

STYLE = re.compile(rb"\x1b\[[0-9;]*m")
SPARKS = "▁▂▃▄▅▆▇█"


class Terminal:
    """A terminal emulator on a pseudo terminal, with a hello-load in its foreground.

    It gets standard error; standard output too if `shared`, else that is in `stdout` at the end."""

    def __init__(self, *args, rows=24, columns=80, shared=False, env=None):
        self.screen = pyte.HistoryScreen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.received = b""
        self.shown = []  # the lines of the screen after each write to it
        self.master, self.slave = os.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            [os.environ["HELLO_LOAD"], *map(str, args)],
            env=environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "", **(env or {})}),
            stdin=self.slave, stdout=self.slave if shared else subprocess.PIPE, stderr=self.slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
        )
        self.stdout = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def read(self):
        """Show what was written since; False if there was nothing."""
        if not select.select([self.master], [], [], 0.02)[0]:
            return False
        data = os.read(self.master, 65536)
        self.received += data
        self.stream.feed(data)
        self.shown.append(self.lines())
        return True

    def wait_for(self, part):
        """Wait until the screen has a line with this in it."""
        deadline = time.monotonic() + DEADLINE_S
        while not any(part in line for line in self.lines()):
            self.read()
            assert time.monotonic() < deadline, f"waited for {part!r}: {self.lines()}"
            assert self.process.poll() is None, f"ended before {part!r}: {self.lines()}"

    def scrolled(self):
        """How many lines went off the top of the screen."""
        return len(self.screen.history.top)

    def finish(self, code=0, reading=True):
        """Wait for the end, and show all that was written."""
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.lines()}"
            if reading:
                self.read()
            else:
                time.sleep(0.02)
        while self.read():
            pass
        if self.process.stdout:
            self.stdout = self.process.stdout.read().decode()
        assert self.process.returncode == code, (self.process.returncode, self.lines())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    yield from factory.each(Terminal, Terminal.close)


def is_blank(lines):
    return not any(lines)


def frames(one):
    """What the screen showed, as far as there was a whole view on it."""
    return [lines for lines in one.shown if any(line.startswith("history") for line in lines)]


def test_it_is_drawn_in_place_and_gone_at_the_end(server, terminal, engine):
    target = server().target(IPV4)
    one = terminal("-e", engine, "-d", "3s", target)
    one.finish()
    seen = frames(one)
    assert seen, one.shown
    for lines in seen:
        assert lines[0].startswith(f"hello-load {target}  closed loop of 64"), lines
        assert re.fullmatch(r"[█░]+ +\d+ %.*", lines[1]), lines
        assert re.match(r"rate +now [\d,.]+ ", lines[2]), lines
        if "ending" not in lines[1]:  # then there may be nothing left to measure
            assert re.match(r"total +p50 [\d.]+[num]?s +p99 [\d.]+[num]?s +max ", lines[3]), lines
        assert re.fullmatch(r"errors +0", lines[4]), lines
        assert re.fullmatch(rf"history +[{SPARKS}]+  top [\d,.]+/s", lines[5]), lines
        assert is_blank(lines[6:]), lines
    sparks = [sum(mark in SPARKS for mark in lines[5]) for lines in seen]
    assert sparks == sorted(sparks) and sparks[-1] >= 2, sparks
    assert is_blank(one.lines()) and one.scrolled() == 0, one.lines()
    assert (one.screen.cursor.x, one.screen.cursor.y) == (0, 0)
    assert not one.screen.cursor.hidden and one.screen.cursor.attrs == one.screen.default_char
    assert one.stdout.splitlines()[-1].startswith("hello-load: done ")
    assert "\x1b" not in one.stdout


def test_families_are_shown_side_by_side(server, terminal):
    one_server = server()
    one = terminal("-d", "3s", one_server.target(IPV4), one_server.target(IPV6))
    one.wait_for("history")
    lines = one.lines()
    for line, family in zip(lines[5:7], (IPV4, IPV6)):
        assert line.startswith(one_server.target(family) + " "), lines
        assert re.search(r" now [\d,.]+ +p99 [\d.]+[num]?s$", line), lines
    one.finish()


def test_an_open_loop_shows_what_came_late_or_was_dropped(server, terminal):
    one = terminal("-d", "3s", "-r", "500", "--assert", "dropped<100%", server().target(IPV4))
    one.wait_for("history")
    lines = one.lines()
    assert lines[0].endswith("  open loop at 500/s"), lines
    assert re.fullmatch(r"errors +0 +late \d+ +dropped \d+", lines[4]), lines
    one.finish()


def test_errors_are_shown_while_they_happen(terminal):
    one = terminal("-d", "3s", "-c", 1, "-r", "200", "127.0.0.1:9")
    one.wait_for("history")
    assert re.match(r"errors +[1-9]", one.lines()[4]), one.lines()
    one.finish(code=3)


def test_the_summary_follows_on_a_clean_screen(server, terminal):
    one = terminal("-d", "2s", server().target(IPV4), rows=60, columns=100, shared=True)
    one.finish()
    assert frames(one), one.shown
    lines = one.lines()
    assert lines[0].startswith("hello-load ") and "closed loop" not in lines[0], lines
    assert any(line.startswith("hello-load: done ") for line in lines), lines
    assert not any(line.startswith("history") or "░" in line for line in lines), lines


def test_it_fits_a_window_that_changes(server, terminal):
    one = terminal("-d", "5s", server().target(IPV4))
    one.wait_for("history")
    one.resize(12, 30)
    seen = len(one.shown)
    while len(one.shown) < seen + 2:
        one.read()
    lines = one.lines()
    assert lines[0].startswith("hello-load ") and is_blank(lines[6:]), lines
    assert sum(line.startswith("rate ") for line in lines) == 1, lines
    one.resize(24, 120)
    one.wait_for("history")
    one.finish()
    assert is_blank(one.lines()) and one.scrolled() == 0, one.lines()


def test_a_tiny_window_does_not_scroll(server, terminal):
    one = terminal("-d", "2s", server().target(IPV4), rows=2, columns=10)
    one.wait_for("rate")
    one.finish()
    assert is_blank(one.lines()) and one.scrolled() == 0, one.lines()


def test_it_has_colors_unless_NO_COLOR_says_otherwise(server, terminal):
    target = server().target(IPV4)
    plain = terminal("-d", "2s", target, env={"NO_COLOR": "1"})
    plain.finish()
    assert frames(plain) and not STYLE.search(plain.received)
    colored = terminal("-d", "2s", target, env={"NO_COLOR": ""})
    colored.finish()
    assert frames(colored) and STYLE.search(colored.received)


def test_it_is_ASCII_where_the_locale_is(server, terminal):
    one = terminal("-d", "2s", server().target(IPV4), env={"LC_ALL": "C"})
    one.finish()
    assert frames(one) and one.received.isascii()


@pytest.mark.parametrize("locale, marks", [("C", "+x"), ("C.UTF-8", "✓✗")])
def test_the_summary_shows_what_the_locale_has(server, load, locale, marks):
    summary = load("-n", 9, "--assert", "ok>5", "--assert", "ok>9", server().target(IPV4), env={"LC_ALL": locale}).stdout
    assert f"\n{marks[0]} ok>5 " in summary and f"\n{marks[1]} ok>9 " in summary, summary
    assert summary.isascii() == (locale == "C")


def test_it_needs_no_database_of_terminals(server, terminal):
    one = terminal("-d", "2s", server().target(IPV4), env={"TERMINFO": "/nowhere", "TERMINFO_DIRS": "/nowhere"})
    one.finish()
    assert frames(one), one.shown


@pytest.mark.parametrize(
    "args, env",
    [(["--no-live"], {}), ([], {"TERM": "dumb"}), ([], {"TERM": ""}), ([], {"TERM": "no-such"})],
    ids=["--no-live", "dumb terminal", "no TERM", "unknown terminal"],
)
def test_it_is_not_drawn(server, terminal, args, env):
    one = terminal("-d", "2s", *args, server().target(IPV4), env=env)
    one.finish()
    assert one.received == b""
    assert one.stdout.splitlines()[-1].startswith("hello-load: done ")


def test_it_is_not_drawn_where_there_is_no_terminal(server, load):
    result = load("-d", "2s", server().target(IPV4), env={"TERM": "xterm"})
    assert result.stderr == "" and "\x1b" not in result.stdout


def test_interrupting_leaves_the_terminal_clean(server, terminal):
    one = terminal("-d", "60s", server().target(IPV4), rows=60, columns=100, shared=True)
    one.wait_for("history")
    os.write(one.master, b"\x03")  # the key that makes the terminal send SIGINT
    one.finish()
    lines = one.lines()
    assert lines[0].startswith("hello-load ") and "closed loop" not in lines[0], lines
    assert any(line.startswith("CUT SHORT") for line in lines), lines
    assert not any(line.startswith("history") or "^C" in line for line in lines), lines


def test_a_terminal_that_takes_nothing_does_not_stop_the_run(server, terminal):
    one = terminal("-d", "3s", server().target(IPV4))
    fcntl.ioctl(one.slave, termios.TCXONC, termios.TCOOFF)  # as if by the stop key, ctrl-s
    one.finish(reading=False)
    assert one.received == b""
    assert one.stdout.splitlines()[-1].startswith("hello-load: done ")


def test_a_stopped_run_goes_on_where_it_was(server, terminal):
    one = terminal("-d", "4s", server().target(IPV4))
    one.wait_for("history")
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(1.2)  # more than the time between two frames
    one.process.send_signal(signal.SIGCONT)
    one.finish()
    assert is_blank(one.lines()) and one.scrolled() == 0, one.lines()
