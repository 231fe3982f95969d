"""What is printed: whole, if its reader takes it, however slowly; else the reason is printed."""
import csv
import json
import os
import re
import signal
import subprocess
import time

import pytest

from clients import GREETING, IPV4, visit
from kernel import listening_ports
from programs import (
    DEADLINE_S, ended, free_port, full_pipe, limits, loaded, run_is_over, running, stopped,
    wait_until,
)

CLOSED = "Bad file descriptor; it is closed, or open for reading only; send it to a file"
by_form = pytest.mark.parametrize("form", ["--json", "--csv", "--no-live"])


def is_whole(form, text):
    """The report is all there."""
    if form == "--json":
        return json.loads(text)["result"]["all"]["ok"] == 10
    if form == "--csv":
        return text.endswith("\r\n") and len(list(csv.reader(text.splitlines()))) > 1
    return text.splitlines()[-1].startswith("hello-load: done ")


def read_slowly(reader, pause_s=0.0):
    """What comes until the writers are gone, in small pieces."""
    parts = []
    while part := os.read(reader, 512):
        parts.append(part)
        time.sleep(pause_s)
    return b"".join(parts).lstrip(b".").decode()  # full_pipe filled it with dots


# However the descriptor behaves


@by_form
@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "non-blocking"])
def test_a_report_waits_for_a_slow_reader(server, hello_server, hello_load, form, blocking):
    one = server()
    with full_pipe(blocking) as (reader, writer):
        with loaded(hello_load, one, form, stdout=writer) as process:
            run_is_over(one)
            os.set_blocking(writer, not blocking)  # others share it, and may change it at any time
            duplicate = os.dup(reader)
            os.close(writer)
            assert is_whole(form, read_slowly(duplicate, 0.005))
            os.close(duplicate)
            assert ended(process)[::2] == (0, "")
            os.dup2(reader, writer)  # for full_pipe to close


@by_form
def test_a_report_survives_being_stopped_and_continued(server, hello_server, hello_load, form):
    one = server()
    with full_pipe() as (reader, writer):
        with loaded(hello_load, one, form, stdout=writer) as process:
            run_is_over(one)
            with stopped(process):
                pass
            os.close(writer)
            assert is_whole(form, read_slowly(reader))
            assert ended(process)[::2] == (0, "")
            os.dup2(reader, writer)


@by_form
def test_a_signal_that_meets_a_reader_at_work_cuts_nothing(server, hello_server, hello_load, form):
    one = server()
    with full_pipe() as (reader, writer):
        with loaded(hello_load, one, form, stdout=writer) as process:
            run_is_over(one)
            process.send_signal(signal.SIGTERM)
            os.close(writer)
            assert is_whole(form, read_slowly(reader, 0.005))
            assert ended(process)[::2] == (0, "")
            os.dup2(reader, writer)


# What cannot be written


@by_form
def test_a_reader_that_has_gone_is_reported(server, hello_server, hello_load, form):
    one = server()
    reader, writer = os.pipe()
    os.close(reader)
    with loaded(hello_load, one, form, stdout=writer) as process:
        os.close(writer)
        code, _, errors = ended(process)
    assert code == 1
    assert re.fullmatch(r"hello-load: cannot write the report: Broken pipe[^\n]*\n", errors), errors


@pytest.mark.parametrize("option", ["--help", "--version", "--print-config"])
def test_so_is_one_of_help_and_settings(hello_server, hello_load, option):
    for program in (hello_server, hello_load):
        if option == "--print-config" and program is hello_load:
            continue
        reader, writer = os.pipe()
        os.close(reader)
        with running(program, option, stdout=writer) as process:
            os.close(writer)
            code, _, errors = ended(process)
        assert code == 1
        assert re.fullmatch(r"hello-\w+: cannot write: Broken pipe[^\n]*\n", errors), errors


def test_a_file_that_may_not_grow_is_reported(server, hello_server, hello_load, tmp_path):
    one = server()
    with open(tmp_path / "report", "wb") as file:
        with loaded(hello_load, one, "--json", stdout=file, preexec_fn=limits(FSIZE=300)) as process:
            code, _, errors = ended(process)
    assert (code, (tmp_path / "report").stat().st_size) == (1, 300)
    assert re.fullmatch(r"hello-load: cannot write the report: File too large[^\n]*\n", errors)


def test_a_log_that_may_not_grow_stops_no_server(hello_server, hello_load, tmp_path):
    """Nor does the signal that comes with it (setrlimit(2), RLIMIT_FSIZE)."""
    port = free_port()
    with open(tmp_path / "log", "wb") as log:
        with running(hello_server, "-v", port, stdout=log, stderr=log,
                     preexec_fn=limits(FSIZE=100)) as process:
            wait_until(lambda: port in listening_ports(), "the server to listen")
            assert visit((IPV4.loopback, port)) == GREETING
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0
    assert (tmp_path / "log").stat().st_size == 100


# The histogram log


def test_a_log_waits_for_somebody_to_read_its_fifo(server, hello_server, hello_load, tmp_path):
    one = server()
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    with loaded(hello_load, one, "--hlog", fifo) as process:
        log = fifo.read_text(encoding="ascii")
        assert process.wait(DEADLINE_S) == 0
    assert log.startswith("#[Histogram log format") and log.endswith("\n")
    assert len([line for line in log.splitlines() if not line.startswith(("#", '"'))]) > 0


def test_a_fifo_that_is_not_read_on_does_not_keep_it(server, hello_server, hello_load, tmp_path):
    one = server()
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with open(fifo, "wb") as filler:
        os.set_blocking(filler.fileno(), False)
        while filler.raw.write(b"." * 4096):
            pass
        with loaded(hello_load, one, "--hlog", fifo) as process:
            wait_until(lambda: "signals" in names_of_threads(process.pid), "it to begin")
            time.sleep(0.3)  # the head of the log does not get through from here on
            process.send_signal(signal.SIGTERM)
            code, _, errors = ended(process)
    os.close(reader)
    assert code == 1 and "SIGTERM" in errors, errors


def names_of_threads(pid):
    names = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as name:
            names.append(name.read().strip())
    return names


# Standard descriptors that are closed


def closing(*descriptors):
    """A preexec_fn."""

    def close():
        for descriptor in descriptors:
            os.close(descriptor)

    return close


@pytest.mark.parametrize("options", [["--json"], ["--csv"], ["--no-live"], ["--quiet"]], ids="".join)
def test_a_report_to_a_closed_descriptor_is_told(server, hello_server, hello_load, options):
    one = server()
    with loaded(hello_load, one, *options, preexec_fn=closing(0, 1)) as process:
        code, _, errors = ended(process)
    assert (code, errors) == (1, f"hello-load: cannot write the report: {CLOSED}\n")


@pytest.mark.parametrize("option", ["--help", "--version", "--print-config"])
def test_so_is_the_output_of_each_other_option(hello_server, hello_load, option):
    for program in (hello_server, hello_load):
        if option == "--print-config" and program is hello_load:
            continue
        with running(program, option, preexec_fn=closing(1)) as process:
            code, _, errors = ended(process)
        assert code == 1
        assert re.fullmatch(r"hello-\w+: cannot write: " + CLOSED + r"\n", errors), errors


def test_so_is_a_result_that_cannot_be_read(hello_server, hello_load):
    with running(hello_load, "show", "-", preexec_fn=closing(0)) as process:
        code, out, errors = ended(process)
    assert (code, out) == (1, "")
    assert re.fullmatch(r"hello-load: '-' [^\n]*Bad file descriptor[^\n]*\n", errors), errors


def test_an_error_that_nobody_can_read_still_gives_the_exit_code(hello_server, hello_load):
    for program in (hello_server, hello_load):
        with running(program, "--no-such-option", preexec_fn=closing(0, 1, 2)) as process:
            assert ended(process) == (2, "", "")


def test_without_dev_null_no_client_gets_what_is_printed(hello_server, hello_load):
    port = free_port()
    hide = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            'mount -t tmpfs none /dev && exec "$@" 0<&- 1>&- 2>&-', "sh"]
    if subprocess.run([*hide, "true"], check=False).returncode:
        pytest.skip("cannot mount over /dev")
    with running(*hide, hello_server, "-v", port) as process:
        wait_until(lambda: port in listening_ports(), "the server to listen")
        assert [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)] == ["/"] * 3
        assert visit((IPV4.loopback, port)) == GREETING
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
