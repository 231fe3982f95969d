"""Each system call that fails while a program runs has the outcome that fault_table.py names: no crash, no hang, no
connection that is counted twice or not at all, no client without its greeting, no other line than expected."""
import concurrent.futures
import contextlib
import errno
import json
import os
import re
import signal
import struct
import subprocess

import pytest

import fault_table
from clients import GREETING, IPV4, close_all, connect, count_with_data, read_exactly, read_to_end, visit
from fault_table import ONE, OVER, URING
from faults import Fault
from kernel import io_uring_error, sysctl
from programs import OUTCOMES, STOP_LINE, ServiceManager, Server, ended, environment, running, wait_until
from syscalls import Calls

AT_ONCE = 6  # programs
LONG_BYTES = 1 << 16
LITTLE_WMEM = "4096 4096 4096"
MANY = 1 << 30  # calls, in place of all: those left over tell how many failed
# Operations of io_uring, by their numbers (linux/io_uring.h).
OPERATIONS = {13: "accept", 14: "cancel", 16: "connect", 19: "close", 22: "read", 26: "send", 27: "recv"}
CONNECT = 16
PR_SET_TIMERSLACK = 29  # the first call of a run of the generator


class Failing:
    """The calls of a row, in one program."""

    def __init__(self, row, directory, mark=None):
        self.row = row
        self.in_ring = row.call.startswith("uring:")
        self.ring = Fault(row.call if self.in_ring else "none", directory)
        self.calls = None if self.in_ring else Calls([row.call, *row.also], mark)
        self.options = {"env": self.ring.environment, "before": self.calls and self.calls.before}
        self.hits = 0

    def begin(self, error):
        row = self.row
        if self.in_ring:
            self.ring.begin(error, ONE if row.calls == ONE else MANY, after=row.after)
        else:
            self.calls.begin(row.call, error, row.calls, row.after, dict(row.where), row.also)

    def has_begun(self):
        """Whether the program has come to where calls may fail."""
        return CONNECT in self.ring.operations() if self.in_ring else self.calls.begun

    def count(self):
        """How many calls have failed."""
        if not self.in_ring:
            return self.calls.fault.hits if self.calls.fault else self.hits
        left = struct.unpack("i", os.pread(self.ring.file.fileno(), 4, 4))[0]
        return (ONE if self.row.calls == ONE else MANY) - left

    def end(self):
        self.hits = self.count()
        if self.in_ring:
            self.ring.end()
        else:
            self.calls.end()

    def stop(self):
        if self.calls:
            self.calls.stop()


def end_of(sock, greeting=GREETING, closes=True):
    """What a client gets: "greeted", "part" of it, the other bytes, or the error."""
    try:
        data = read_to_end(sock) if closes else read_exactly(sock, len(greeting))
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    if data == greeting:
        return "greeted"
    return "part" if data and greeting.startswith(data) else data.decode(errors="replace")


def unexpected_lines(row, error, engine, lines, program):
    """What differs from the row's lines; lines of OVER may follow."""
    left = list(lines)
    for text in row.texts(error, engine):
        found = [line for line in left if re.fullmatch(f"{program}: {text}", line)]
        if not found and row.may_tell:
            continue
        if len(found) != 1:
            return f"not one line like {text!r} in {lines}"
        left.remove(found[0])
    extra = [line for line in left
             if not any(re.fullmatch(f"{program}: {text}", line) for text in OVER) or not row.lines]
    return f"lines that nobody expects: {extra}" if extra else None


def problems_of(checks):
    """The sentences of what does not hold: [(holds, sentence)]."""
    return [str(sentence) for holds, sentence in checks if not holds]


class Scene:
    """A server, with a call that fails at some time."""

    def __init__(self, row, error, engine, close, directory, linger):
        self.row, self.error, self.engine = row, error, engine
        self.failing = Failing(row, directory)
        self.greeting = os.urandom(LONG_BYTES) if getattr(row, "long", False) else GREETING
        (directory / "greeting").write_bytes(self.greeting)
        self.one = None
        try:
            self.one = Server("--engine", engine, "--close", close, "--workers", 1, "--linger-timeout", linger,
                              "--greeting-file", directory / "greeting", **self.failing.options)
            assert visit(self.one.address(IPV4)) == self.greeting
            self.one.wait_until_idle()
        except BaseException:
            self.close()
            raise

    def clients(self, count):
        window_bytes = 4096 if len(self.greeting) > len(GREETING) else None
        return [connect(self.one.address(IPV4), window_bytes) for _ in range(count)]

    def has_ended(self):
        return self.one.process.poll() is not None

    def judge(self, got, later):
        """got: what the clients got while calls failed. later: how many were greeted besides. The server ends now."""
        row, hits = self.row, self.failing.hits
        code = self.one.process.wait(15)
        lines, output = self.one.stderr(), self.one.process.stdout.read().decode()
        checks = [
            (code == row.code, f"exit code {code}"),
            (hits > 0 or row.may_hit, "the call was never made"),
        ]
        if hits > 0:
            wrong = unexpected_lines(row, self.error, self.engine, lines, "hello-server")
            checks.append((not wrong, wrong))
        checks += self.check_clients(got, later, min(hits, len(got)), output)
        return problems_of(checks)

    def check_clients(self, got, later, hits, output):
        row = self.row
        affected = [word for word in got if word != "greeted"]
        checks = [(all(word in row.gets for word in affected), f"clients got {got}")]
        if "greeted" not in row.gets:
            checks.append((len(affected) == hits, f"{len(affected)} of {hits} clients got {row.gets}"))
        if getattr(row, "silent", False):
            return checks
        match = STOP_LINE.fullmatch(output)
        if not match:
            return [*checks, (False, f"no totals: {output!r}")]
        totals = dict(zip(("accepted", *OUTCOMES), map(int, match.groups())))
        ends = {name: totals[name] for name in OUTCOMES if totals[name]}
        count = len(got) + later
        if row.ends == "greeted":
            expected = [{"greeted": count}]
        else:
            expected = [{"greeted": count - hits, row.ends: hits}]
        if row.code:  # it ended while clients were there
            ends = {"greeted": ends.pop("greeted", 0) + ends.pop("abandoned", 0), **ends}
        return [*checks,
                (totals["accepted"] == sum(totals[name] for name in OUTCOMES), f"books: {totals}"),
                (totals["accepted"] == count, f"{totals['accepted']} of {count} were accepted"),
                (ends in expected, f"they ended as {ends}, not {expected}")]

    def close(self):
        if self.one:
            self.one.kill()
        self.failing.stop()


def serve(row, error, engine, close, directory):
    """A row of fault_table.SERVING. Returns the sentences of what is wrong."""
    scene = Scene(row, error, engine, close, directory, "2s" if row.leaves else "500ms")
    one, failing = scene.one, scene.failing
    try:
        with one.paused():  # so that all of them are there before any call
            failing.begin(error)
            socks = scene.clients(row.clients)
        if row.waits:
            wait_until(lambda: failing.count() >= 3, "calls to fail")
            served = count_with_data(socks)
            failing.end()
            got = [end_of(sock) for sock in socks]
            assert served <= 16, "they do not wait"
        else:
            got = [end_of(sock, scene.greeting, not row.holds) for sock in socks]
            if row.code:
                wait_until(scene.has_ended, "it to end")
            elif not any("cannot be closed" in line for line in row.lines):
                one.wait_until_idle()
            else:
                wait_until(one.stderr, "a line")
            failing.end()
        if row.code:
            return scene.judge(got, 1)
        close_all(socks)
        after = [visit(one.address(IPV4)) == scene.greeting]
        one.process.send_signal(signal.SIGTERM)
        return [*problems_of([(all(after), "nobody is greeted after it")]), *scene.judge(got, 2)]
    finally:
        scene.close()


def stop(row, error, engine, close, directory):
    """A row of fault_table.STOPPING."""
    scene = Scene(row, error, engine, close, directory, "500ms")
    one, failing = scene.one, scene.failing
    try:
        with one.paused():
            socks = scene.clients(5)
            one.process.send_signal(signal.SIGTERM)
            failing.begin(error)
        if row.until_over:
            wait_until(lambda: failing.count() >= 3, "calls to fail")
            assert not scene.has_ended()
            failing.end()
        got = [end_of(sock) for sock in socks]
        one.process.wait(15)
        if not row.until_over:
            failing.end()
        return scene.judge(got, 1)
    finally:
        scene.close()


# What a run of the generator may be like.
RUNS = {
    "closed": ("-c", "4", "-n", "200"),
    "open": ("-r", "100/s", "-d", "1100ms", "--json"),
    "stopped": ("-c", "4", "-d", "1h", "--csv"),
    "sends": ("-c", "4", "-n", "100", *fault_table.SEND),
    "source": ("-c", "4", "-n", "100", *fault_table.SOURCE),
    "rst": ("-c", "4", "-n", "100", "--close", "rst"),
    "proxy": ("-c", "4", "-n", "100", "--proxy-protocol", "v2"),
    "any": ("-c", "4", "-n", "100", "--expect", "any"),
}
ANY_LATENESS = ("--assert", "dropped<100%")  # instead of the assertions about what a busy machine holds up
LOOPS = {"closed": ("-c", 2, "-n", 40), "open": ("-r", "400/s", "-n", 40, *ANY_LATENESS),
         "stopped": ("-r", "20/s", "-n", 40, *ANY_LATENESS),
         # longer than a second, so the main thread waits more than once
         "slow": ("-r", "30/s", "-n", 40, *ANY_LATENESS)}


def generate(row, error, engine, loop, directory, target):
    """A row of fault_table.GENERATING."""
    failing = Failing(row, directory, mark=("prctl", PR_SET_TIMERSLACK))
    failing.begin(error)
    files = [open(directory / name, "w+b") for name in ("output", "errors")]
    process = subprocess.Popen(
        [os.environ["HELLO_LOAD"], "--engine", engine, "-t", "1", *map(str, LOOPS[loop]), "--json", "--hlog",
         str(directory / "hlog"), *row.options, target],
        env=environment(failing.options["env"]), preexec_fn=failing.options["before"], stdin=subprocess.DEVNULL,
        stdout=files[0], stderr=files[1])
    try:
        if loop == "stopped":
            wait_until(failing.has_begun, "the run to begin")
            process.send_signal(signal.SIGTERM)
        return judge_run(row, error, engine, process, failing, files)
    finally:
        process.kill()
        process.wait()
        failing.stop()


def judge_run(row, error, engine, process, failing, files):
    code = process.wait(15)
    failing.end()
    output, errors = (os.pread(file.fileno(), 1 << 22, 0).decode() for file in files)
    wrong = unexpected_lines(row, error, engine, errors.splitlines(), "hello-load")
    checks = [(failing.hits > 0 or row.may_hit, "the call was never made"), (not wrong, wrong),
              (code == row.code or (row.may_fail and code == 1), f"exit code {code}; {output[-200:]}")]
    if not row.ends:
        return problems_of([*checks, (output == "", "there is a result")])
    try:
        result = json.loads(output)["result"]["all"]
    except ValueError:
        return problems_of([*checks, (False, f"no result: {output!r}")])
    failed = {f"{phase}.{kind}": count for phase, kinds in result["errors"].items()
              for kind, count in kinds.items() if count}
    count = sum(failed.values())
    return problems_of([
        *checks,
        (result["started"] == result["ok"] + result["failed"] + result["abandoned"], f"books: {result}"),
        (result["started"] + result["dropped"] == 40 or row.loops == fault_table.STOPPED, f"books: {result}"),
        (result["failed"] == count and result["abandoned"] == 0, f"books: {result}"),
        (set(failed) <= set(row.fails), f"they failed as {failed}"),
        (count == 0 if not row.fails else count == 1 if row.calls == ONE else count > 20, f"{failed}")])


def all_cases(function, cases, tmp_path):
    """Run them, some at a time. Fails with what is wrong with each."""
    def run(number, case):
        directory = tmp_path / str(number)
        directory.mkdir()
        try:
            return function(*case, directory)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
            return [repr(failure)]

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        done = list(pool.map(run, range(len(cases)), cases))
    wrong = [f"{errno.errorcode[case[1]]} {case[2:]}: " + "; ".join(problems)
             for case, problems in zip(cases, done) if problems]
    assert not wrong, "\n".join(wrong)


def engines_of(row):
    return [engine for engine in row.engines if not (engine in URING and io_uring_error())]


def rows(table):
    return pytest.mark.parametrize("row", table, ids=fault_table.ids(table))


# That the table is complete

class Seen:
    """Every call and every operation of a program, from some time on."""

    def __init__(self, directory, mark=None):
        directory.mkdir(exist_ok=True)
        self.ring = Fault("none", directory)
        self.calls = Calls(mark=mark)
        self.options = {"env": self.ring.environment, "before": self.calls.before}

    def without_row(self, program):
        """Those that the table does not know, once the program has ended."""
        self.calls.stop()
        operations = {f"uring:{OPERATIONS.get(number, number)}" for number in self.ring.operations()}
        return {*self.calls.seen, *operations} - fault_table.rows_of(program) - set(fault_table.NEVER_FAIL)


def test_each_call_that_the_server_makes_while_it_runs_has_a_row(engine, close, tmp_path):
    greeting = tmp_path / "greeting"
    greeting.write_bytes(os.urandom(1 << 16))
    with ServiceManager(tmp_path) as manager, sysctl("net.ipv4.tcp_wmem", LITTLE_WMEM):
        seen = Seen(tmp_path)
        seen.options["env"].update(manager.environment)
        one = Server("--engine", engine, "--close", close, "--workers", 2, "--linger-timeout", "300ms",
                     "--greeting-file", greeting, **seen.options)
        try:
            one.wait_until_asleep()  # each thread is over its first instructions
            seen.calls.seen.clear()
            seen.ring.forget_operations()
            holders = [connect(one.address(IPV4), window_bytes=4096) for _ in range(5)]
            assert visit(one.address(IPV4)) == greeting.read_bytes()
            wait_until(lambda: one.open_connections() <= 0, "those who read nothing to be given up")
            one.process.send_signal(signal.SIGUSR1)
            wait_until(one.stderr, "the totals so far")
            close_all(holders)
            holders = [connect(one.address(IPV4)) for _ in range(5)]
            one.process.send_signal(signal.SIGTERM)
            close_all(holders)
            one.finish(warnings=None)
        finally:
            one.kill()
    assert seen.calls.seen["sendto"] > 0
    assert seen.without_row("hello-server") == set()


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
def test_each_call_that_the_generator_makes_while_it_runs_has_a_row(server, engine, options, tmp_path):
    one = server("--workers", 1)
    seen = Seen(tmp_path, mark=("prctl", PR_SET_TIMERSLACK))
    with running(os.environ["HELLO_LOAD"], "--engine", engine, "-t", "2", "--hlog", tmp_path / "hlog", *options,
                 one.target(IPV4), env=environment(seen.options["env"]),
                 preexec_fn=seen.options["before"]) as process:
        if "1h" in options:
            wait_until(lambda: one.counters["TcpPassiveOpens"] >= 20, "connections")
            process.send_signal(signal.SIGTERM)
        code, _, stderr = ended(process)
    assert code in (0, 3), stderr
    assert seen.calls.seen["prctl"] > 0
    assert seen.without_row("hello-load") == set()


@rows(fault_table.SERVING)
def test_server_serves(row, tmp_path):
    little = sysctl("net.ipv4.tcp_wmem", LITTLE_WMEM) if row.long else contextlib.nullcontext()
    with little:
        all_cases(serve, [(row, error, engine, close) for error in row.errors for engine in engines_of(row)
                          for close in row.closes], tmp_path)


@rows(fault_table.STOPPING)
def test_server_stops(row, tmp_path):
    all_cases(stop, [(row, error, engine, "linger") for error in row.errors for engine in engines_of(row)], tmp_path)


@rows(fault_table.GENERATING)
def test_load_ends_with_a_result_or_a_reason(row, server, tmp_path):
    target = server("--workers", 1).target(IPV4)

    def run(*case):
        return generate(*case, target)

    all_cases(run, [(row, error, engine, loop) for error in row.errors for engine in engines_of(row)
                    for loop in row.loops], tmp_path)
