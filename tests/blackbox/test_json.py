"""hello-load --json and --csv: the document keeps to its schema, and its numbers to each other."""
import csv
import io
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from clients import IPV4, IPV6
from programs import DEADLINE_S, environment, limits, run, totals, wait_until

jsonschema = pytest.importorskip("jsonschema", reason="install python3-jsonschema")

SCHEMA = pathlib.Path(__file__).parents[2] / "src/result/document.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
COUNTS = ("started", "ok", "failed", "late", "dropped")
LONG_NS = 10**8  # a test that stops the program for three times as long sees that it stood still


@pytest.fixture
def refused():
    """A target at which nobody listens."""
    with socket.socket() as unused:
        unused.bind((IPV4.loopback, 0))
        yield f"{IPV4.loopback}:{unused.getsockname()[1]}"


def check(document):
    """What must hold for each run. Returns the document."""
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    result, intervals = document["result"], document["series"]["intervals"]
    points = [
        (interval["all"], *interval["targets"]) for interval in intervals if not interval["warmup"]
    ]
    for number, target in enumerate((result["all"], *result["targets"])):
        series = [targets[number] for targets in points]
        assert {point["name"] for point in series} <= {target["name"]}
        for name in COUNTS:
            assert sum(point[name] for point in series) == target[name], (target["name"], name)
        for kind in target["errors"]["connect"]:
            in_all = sum(phase[kind] for phase in target["errors"].values())
            assert sum(point["errors"][kind] for point in series) == in_all, (target["name"], kind)
        for timing, whole in target["timings"].items():
            longest = [point["timings"][timing]["max_ns"] for point in series]
            longest = max((ns for ns in longest if ns is not None), default=None)
            assert (longest is None) == (whole["count"] == 0), (target["name"], timing)
            assert longest == (whole["max_ns"] and pytest.approx(whole["max_ns"], rel=0.001))
    end_ns = 0
    for interval in intervals:
        assert interval["start_ns"] == end_ns
        end_ns += interval["length_ns"]
    assert end_ns / 1e9 == pytest.approx(document["run"]["elapsed_s"], abs=0.2)
    for stall in document["stalls"]["kept"]:
        assert stall["start_ns"] + stall["length_ns"] <= end_ns + LONG_NS
    return document


def result_of(*args, code=0, **options):
    """Run hello-load --json. Returns the document, which is read back without loss."""
    result = run(os.environ["HELLO_LOAD"], "--json", *args, **options)
    assert result.returncode == code and result.stdout, result
    again = subprocess.run([os.environ["HELLO_LOAD"], "show", "--json", "-"], input=result.stdout,
                           capture_output=True, text=True, timeout=DEADLINE_S)
    assert (again.stderr, again.stdout) == ("", result.stdout)
    return check(json.loads(result.stdout))


# The document


@pytest.mark.parametrize(
    "options",
    [
        "-c 7 -n 500",
        "-c 7 -n 500 -t 2 --warmup 200ms",
        "-d 1200ms --ramp 500ms",
        "-r 500/s -d 1s --warmup 100ms --connect-timeout 1s --assert dropped<100%",
        "-r 30k/m -n 300 --arrivals poisson -c 20",
        r"-n 100 --close rst --send hi\n\x00\xff --expect any",
        "-n 100 --source-ports 30000-39999",
        "-n 100 --proxy-protocol v2 --quiet",
    ],
)
def test_each_way_to_run_is_valid_by_the_schema(server, engine, options):
    one = server()
    document = result_of(*options.split(), "-e", engine, one.target(IPV4), one.target(IPV6))
    targets = document["result"]["targets"]
    assert [target["family"] for target in targets] == ["ipv4", "ipv6"]
    assert [(target["device"], target["mtu_bytes"]) for target in targets] == 2 * [("lo", 65536)]
    assert all(target["ok"] == target["started"] > 0 for target in targets)
    assert document["run"]["engine"] == engine
    assert not document["run"]["cut_short"] and document["run"]["target_is_local"]


def test_the_options_in_force_are_written(server):
    target = server().target(IPV6)
    run_ = result_of("-r", "300/s", "-d", "200ms", "-c", 9, "-6", "--arrivals", "poisson", "--seed", 7,
                "--close", "rst", "--source", "::1", "--source-ports", "30000-30999", "--send",
                r"a\tb", "--connect-timeout", "700ms", "--timeout", "2s", target)["run"]
    assert run_["targets"] == [target]
    assert run_["options"] == {
        "connections": 9, "threads": 1, "rate_starts": 300, "rate_period_ns": 10**9,
        "rate_per_s": 300, "arrivals": "poisson",
        "duration_ns": 200_000_000, "count": None, "warmup_ns": 0, "ramp_ns": 0, "family": "ipv6",
        "source": "::1", "source_ports": {"low": 30000, "high": 30999}, "close": "rst",
        "reuse_sockets": "auto", "proxy_protocol": "none", "send": r"a\tb", "expect": r"hello\n",
        "connect_timeout_ns": 700_000_000, "timeout_ns": 2_000_000_000, "cpus": "auto", "seed": 7,
    }
    options = result_of("-n", 5, target)["run"]["options"]
    assert (options["rate_per_s"], options["arrivals"], options["count"]) == (None, None, 5)


def test_what_was_measured_and_what_was_not_is_all_that_the_server_saw(server, engine):
    one = server()
    document = result_of("-d", "1s", "--warmup", "500ms", "-c", 10, "-e", engine, one.target(IPV4))
    whole = document["result"]["all"]
    assert whole["warmup"] > 0 and whole["ok"] == whole["started"] > 0
    assert whole["connections_per_s"] == pytest.approx(
        whole["ok_in_window"] / document["run"]["rate_s"])
    # Up to 10 were in flight when the measured time began, and up to 10 when it ended.
    assert whole["ok"] == pytest.approx(whole["ok_in_window"], abs=10)
    one.wait_until_idle()
    assert one.stop() == totals(greeted=whole["ok"] + whole["warmup"])


def test_failures_are_counted_by_target_and_phase_and_kind(server, engine, refused):
    good = server().target(IPV4)
    document = result_of("-n", 300, "-e", engine, f"{good}=2", refused, code=3)
    assert {target["name"]: (target["weight"], target["ok"], target["failed"])
            for target in document["result"]["targets"]} == {good: (2, 200, 0), refused: (1, 0, 100)}
    bad = document["result"]["targets"][1]
    assert bad["errors"]["connect"]["refused"] == 100
    assert bad["timings"]["total"]["count"] == 0 and bad["timings"]["total"]["max_ns"] is None


def test_a_run_that_is_cut_short_is_marked_as_such(server, engine):
    one = server()
    process = subprocess.Popen(
        [os.environ["HELLO_LOAD"], "--json", "-d", "1h", "-c", "5", "-e", engine,
         one.target(IPV4)],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 100, "connections")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=DEADLINE_S)
    document = check(json.loads(output))
    assert process.returncode == 0 and document["run"]["cut_short"]
    assert 0 < document["run"]["window_s"] < document["run"]["elapsed_s"] < DEADLINE_S
    assert document["result"]["all"]["ok"] > 0


@pytest.mark.timed
def test_a_program_that_was_stopped_reports_when_it_stood_still(server):
    one = server()
    process = subprocess.Popen(
        [os.environ["HELLO_LOAD"], "--json", "-d", "1500ms", "-r", "100/s", one.target(IPV4)],
        env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
    )
    wait_until(lambda: one.counters["TcpPassiveOpens"] > 20, "connections")
    process.send_signal(signal.SIGSTOP)
    time.sleep(3 * LONG_NS / 1e9)
    process.send_signal(signal.SIGCONT)
    output, _ = process.communicate(timeout=DEADLINE_S)
    document = check(json.loads(output))
    stall = max(document["stalls"]["kept"], key=lambda one: one["length_ns"])
    assert stall["length_ns"] == document["stalls"]["longest_ns"] > 2 * LONG_NS
    assert LONG_NS < stall["start_ns"] < document["run"]["elapsed_s"] * 1e9
    assert max(interval["stalls"]["longest_ns"] for interval in document["series"]["intervals"]) \
        == stall["length_ns"]
    assert document["result"]["all"]["late"] > 10


def test_nothing_but_the_document_is_printed(server):
    result = run(os.environ["HELLO_LOAD"], "--json", "-n", 10, server().target(IPV4))
    assert result.stderr == "" and result.stdout.endswith("\n}\n")
    assert json.loads(result.stdout)["result"]["all"]["ok"] == 10


@pytest.mark.parametrize("form", ["--json", "--csv"])
def test_a_document_that_cannot_be_written_is_reported(server, form):
    with open("/dev/full", "wb") as full:
        process = subprocess.run(
            [os.environ["HELLO_LOAD"], form, "-n", "10", server().target(IPV4)], stdout=full,
            env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            timeout=DEADLINE_S,
        )
    assert process.returncode == 1
    assert re.fullmatch(r"hello-load: [^\n]*No space left[^\n]*\n", process.stderr), process.stderr


@pytest.mark.parametrize("bytes_max, code", [(0, 2), (300, 1)], ids=["at once", "in the end"])
def test_a_log_that_grows_too_large_is_reported(server, tmp_path, bytes_max, code):
    """By a line, not by the signal that the limit sends (setrlimit(2), RLIMIT_FSIZE)."""
    # ThreadSanitizer writes a file there before main, if it can, and would meet the limit first.
    nowhere = {"TMPDIR": str(tmp_path / "nowhere")}
    result = run(os.environ["HELLO_LOAD"], "-q", "-n", 10, "--hlog", tmp_path / "log",
                 server().target(IPV4), before=limits(FSIZE=bytes_max), env=nowhere)
    assert result.returncode == code
    assert re.fullmatch(r"hello-load: --hlog [^\n]*File too large[^\n]*\n", result.stderr), result


# The same as CSV


def rows_of(text):
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def test_csv_has_each_second_of_each_target_and_of_all(server, engine):
    one = server()
    result = run(os.environ["HELLO_LOAD"], "--csv", "-d", "1500ms", "-r", "200/s", "--assert", "dropped<100%", "-e", engine,
                 one.target(IPV4), one.target(IPV6))
    assert (result.returncode, result.stderr) == (0, "")
    rows = rows_of(result.stdout)
    names = [one.target(IPV4), one.target(IPV6), "all"]
    assert [row["target"] for row in rows] == names * (len(rows) // 3) and len(rows) >= 6
    assert [row["family"] for row in rows[:3]] == ["ipv4", "ipv6", ""]
    one.wait_until_idle()
    greeted = one.stop()["greeted"]
    for name in ("started", "ok"):
        assert sum(int(row[name]) for row in rows if row["target"] == "all") == greeted
        assert sum(int(row[name]) for row in rows if row["target"] != "all") == greeted
    for row in rows:
        for timing in ("connect", "greeting", "close", "total", "lateness"):
            steps = [row[f"{timing}_{step}_ns"]
                     for step in ("p50", "p90", "p99", "p99_9", "max")]
            if int(row["ok"]) and int(row["started"]):
                assert steps == sorted(steps, key=int)


def test_csv_counts_failures_by_kind(server, engine, refused):
    result = run(os.environ["HELLO_LOAD"], "--csv", "-n", 60, "-e", engine,
                 f"{server().target(IPV4)}=2", refused)
    rows = rows_of(result.stdout)
    for target, failed in (("all", 20), (refused, 20)):
        ours = [row for row in rows if row["target"] == target]
        for name in ("failed", "failed_refused"):
            assert sum(int(row[name]) for row in ours) == failed
        assert not any(int(row[name]) for row in ours for name in row
                       if name.startswith("failed_") and name != "failed_refused")


def test_csv_of_one_target_has_no_line_for_all(server):
    target = server().target(IPV4)
    result = run(os.environ["HELLO_LOAD"], "--csv", "-n", 50, "--warmup", "50ms", target)
    rows = rows_of(result.stdout)
    assert {row["target"] for row in rows} == {target}
    assert sum(int(row["ok"]) for row in rows) == 50
    assert rows[0]["warmup"] == "1" and rows[0]["total_p50_ns"] == ""
