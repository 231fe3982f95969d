"""hello-load show: a result that was kept is printed as the run printed it."""
import os
import re

import pytest

from clients import IPV4, IPV6
from programs import DEADLINE_S, SANITIZED, Load, limits, run

LOAD = os.environ["HELLO_LOAD"]


@pytest.fixture
def kept(server, engine, tmp_path):
    """A result of hello-load in a file: two targets, all that an open loop reports."""
    one = server()
    result = run(LOAD, "--json", "-r", "500/s", "-d", "1200ms", "-e", engine, "--assert",
                 "lateness.p99<1h", one.target(IPV4), one.target(IPV6))
    assert result.returncode == 0, result
    path = tmp_path / "result.json"
    path.write_text(result.stdout)
    return path


def test_json_is_written_as_it_was_read(kept):
    shown = run(LOAD, "show", "--json", kept)
    assert (shown.stdout, shown.stderr, shown.returncode) == (kept.read_text(), "", 0)


def test_the_summary_describes_the_run_that_was_kept(kept):
    shown = run(LOAD, "show", kept)
    assert (shown.stderr, shown.returncode) == ("", 0)
    assert "open loop at 500/s constant" in shown.stdout
    assert re.search(r"^hello-load: done connections_per_s=\S+ started=600 ok=600 ", shown.stdout, re.M)
    last = shown.stdout.splitlines()[-1]
    assert run(LOAD, "show", "-q", kept).stdout == last + "\n"


def test_the_seconds_are_printed_as_csv(kept):
    rows = run(LOAD, "show", "--csv", kept).stdout.splitlines()
    assert rows[0].startswith("time_s,time_utc,length_s,target,")
    assert sum(",all," in row for row in rows) == 2


def test_a_result_may_come_through_a_pipe(kept):
    command = f'"{LOAD}" show --json - <"{kept}" | "{LOAD}" show --json -'
    assert run("sh", "-c", command).stdout == kept.read_text()


def test_a_verb_may_be_left_out_or_named(server):
    target = server().target(IPV4)
    assert Load("run", "-n", 10, target).ok == 10
    assert Load("-n", 10, target).ok == 10


@pytest.mark.parametrize(
    "args, code, error",
    [
        (("no-such-file",), 1, "'no-such-file' cannot be read: No such file or directory; give a file that "
                               "--json was sent to"),
        (("/dev/null",), 2, "'/dev/null' is not JSON: line 1, column 0: '[' or '{' expected near end of file; "
                            "give what 'hello-load --json' of this version printed"),
        (("/",), 1, "'/' cannot be read: Is a directory; give a file that --json was sent to"),
        ((), 2, "no FILE given; give what 'hello-load --json' printed, or -"),
        (("--json", "--csv", "x"), 2, "--json and --csv exclude each other; give one"),
        (("--jsn", "x"), 2, "unknown option '--jsn'; did you mean '--json'?"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_its_reason(args, code, error):
    shown = run(LOAD, "show", *args)
    assert (shown.returncode, shown.stdout) == (code, "")
    assert shown.stderr.startswith(f"hello-load: {error}"), shown.stderr


def test_a_file_that_does_not_end_is_read_up_to_a_limit():
    shown = run("sh", "-c", f'yes "" | "{LOAD}" show -', within=4 * DEADLINE_S)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == ("hello-load: '-' has more than 256 MiB; read it with another program, such as jq\n")


@pytest.mark.skipif(bool(SANITIZED), reason="a sanitizer needs memory of its own")
def test_a_result_that_needs_more_memory_than_there_is_is_refused(tmp_path):
    path = tmp_path / "long.json"
    path.write_text("[" + "0," * 2_000_000 + "0]")
    shown = run(LOAD, "show", path, before=limits(AS=32 << 20))
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == f"hello-load: '{path}' needs more memory than there is; raise the memory limit\n"


def test_a_result_that_was_cut_is_refused(kept):
    kept.write_text(kept.read_text()[:-100])
    shown = run(LOAD, "show", kept)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "is not JSON: line" in shown.stderr


def test_a_result_of_another_version_is_refused(kept):
    kept.write_text(kept.read_text().replace("hello-load/3", "hello-load/2", 1))
    shown = run(LOAD, "show", kept)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == (f"hello-load: '{kept}' is of another version of hello-load: its schema is 'hello-load/2',"
                            " not 'hello-load/3'; give what 'hello-load --json' of this version printed\n")


def test_help_names_the_verbs_and_each_has_its_own(server):
    assert "show [OPTIONS] FILE" in run(LOAD, "--help").stdout
    shown = run(LOAD, "show", "--help").stdout
    assert shown.startswith("Prints a result of hello-load that was kept")
    assert "--rate" not in shown
