"""Generators of connections, side by side: each on one CPU, against the same hello-server on another.
Two answers are compared: "plain", the greeting that hello-load is made for, to clients that say
nothing, and "http", for generators that speak nothing else: there all of them send a request."""
import collections
import dataclasses
import functools
import json
import pathlib
import re
import resource
import shlex
import shutil
import time

import tables
import unlike
from field import Field
from meter import run_to_end
from responders import named
from rounds import Rounds
from scenarios import rate_of, target_table

TIMEOUT_S = 60
LATENESS_RATE = 10000
OURS = "hello-load, uring"
# As in scenarios: the least that is acceptable, and what to aim for.
TARGETS = [
    (OURS, "epoll generator", 1.2, 1.2),
    (OURS, "wrk", 1.2, 1.6),
    (OURS, "hey", 1.0, 1.0),
]


@dataclasses.dataclass(frozen=True)
class Answer:
    name: str
    text: bytes
    request: bytes
    # An HTTP client's request must be read, or the close resets the client: hence linger.
    responder: str


ANSWERS = [
    Answer("plain", b"hello\n", b"", "uring, swift"),
    Answer("http", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n",
           b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n", "uring, linger"),
]


@dataclasses.dataclass(frozen=True)
class Generator:
    name: str
    command: object  # a function of the options, the answer and the port: the command line
    read: object  # a function of what it printed: a Reading
    package: str = None  # the Debian package it comes from; None: this tree
    only_http: bool = False


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a generator says of its run."""
    connections_per_s: float
    ok: int
    failures: dict  # {what failed: how often}


@dataclasses.dataclass(frozen=True)
class Run:
    connections_per_s: float
    ok: int
    failures: dict
    opened: int  # connections, by the kernel's count
    cpu_us: float  # per connection, work of the kernel on its behalf included
    cpu_share: float  # of its CPU
    responder_share: float  # of the responder's CPU


@dataclasses.dataclass(frozen=True)
class LateRun:
    p50_ms: float
    p99_ms: float
    failed: int
    facts: dict  # see unlike.py


def hello_load(engine):
    def command(options, answer, port):
        return [options.build / "src/hello-load", "--quiet", "--engine", engine,
                "--connections", str(options.connections), "--duration", f"{options.seconds * 1000:.0f}ms",
                "--expect", escaped(answer.text), "--send", escaped(answer.request),
                f"127.0.0.1:{port}"]
    return command


def escaped(data):
    return data.decode("ascii").replace("\r", "\\r").replace("\n", "\\n")


def epoll_generator(options, answer, port):
    return [options.build / "bench/epoll_generator", "127.0.0.1", str(port), str(options.connections),
            str(options.seconds), answer.text.decode("ascii"), answer.request.decode("ascii")]


def wrk(options, _answer, port):
    return ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds:.0f}s",
            "-H", "Connection: close", f"http://127.0.0.1:{port}/"]


def hey(options, _answer, port):
    return ["env", "GOMAXPROCS=1", "hey", "-cpus", "1", "-c", str(options.connections),
            "-z", f"{options.seconds}s", "-disable-keepalive", f"http://127.0.0.1:{port}/"]


def h2load(options, _answer, port):
    # By number: for a time, it counts nothing where each connection ends after one answer.
    return ["h2load", "--h1", "-t1", f"-c{options.connections}", f"-n{round(options.seconds * 20000)}",
            "-H", "Connection: close", f"http://127.0.0.1:{port}/"]


def read_done_line(output):
    """The last line of hello-load and of epoll_generator."""
    fields = dict(re.findall(r"(\w+)=([\d.]+)", output.strip().splitlines()[-1]))
    return Reading(float(fields["connections_per_s"]), int(fields["ok"]), {"failed": int(fields["failed"])})


def first_number(pattern, output):
    """The number that a pattern finds; 0 if it finds none."""
    found = re.search(pattern, output)
    return int(found[1]) if found else 0


def read_wrk(output):
    found = re.search(r"Socket errors: (.*)", output)
    errors = {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", found[1] if found else "")}
    return Reading(float(re.search(r"Requests/sec:\s*([\d.]+)", output)[1]),
                first_number(r"(\d+) requests in", output),
                {**errors, "other answers": first_number(r"Non-2xx or 3xx responses: (\d+)", output)})


def read_hey(output):
    errors = re.findall(r"^\s*\[(\d+)\]\s", output.partition("Error distribution:")[2], re.MULTILINE)
    others = re.findall(r"\[(?!200\])\d+\]\s+(\d+) responses", output)
    return Reading(float(re.search(r"Requests/sec:\s*([\d.]+)", output)[1]),
                first_number(r"\[200\]\s+(\d+) responses", output),
                {"failed": sum(map(int, errors)), "other answers": sum(map(int, others))})


def read_h2load(output):
    return Reading(float(re.search(r"finished in .*, ([\d.]+) req/s", output)[1]),
                first_number(r"(\d+) succeeded", output),
                {"failed": first_number(r"(\d+) failed", output)})  # those that errored are among them


GENERATORS = [
    Generator(OURS, hello_load("uring"), read_done_line),
    Generator("hello-load, epoll", hello_load("epoll"), read_done_line),
    Generator("epoll generator", epoll_generator, read_done_line),
    Generator("wrk", wrk, read_wrk, "wrk", only_http=True),
    Generator("hey", hey, read_hey, "hey", only_http=True),
    Generator("h2load", h2load, read_h2load, "nghttp2-client", only_http=True),
]


def children_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def active_opens():
    """Connections that were opened in this network namespace, by the kernel's count."""
    names, values = [line.split() for line in
                     pathlib.Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
                     if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def measure(options, generator, answer, one):
    """One run of a generator. Raises OSError if it does not run, or what it prints has no rate."""
    used_s, responder_s, opened = children_s(), one.used_s(), active_opens()
    start = time.monotonic()
    done = run_to_end(options.generator_cpus, generator.command(options, answer, one.setup.port),
                      options.seconds + TIMEOUT_S)
    elapsed_s = time.monotonic() - start
    used_s, responder_s = children_s() - used_s, one.used_s() - responder_s
    opened = active_opens() - opened
    try:
        reading = generator.read(done.stdout)
        if not reading.connections_per_s:
            raise OSError(f"no connection ended well: {reading.failures}")
        return Run(reading.connections_per_s, reading.ok, reading.failures, opened, used_s * 1e6 / opened,
                   used_s / elapsed_s, responder_s / elapsed_s)
    except (IndexError, KeyError, TypeError, ValueError, ZeroDivisionError):
        raise OSError(f"ended with {done.returncode} and printed no rate: "
                      f"{(done.stdout + done.stderr).strip()[-200:]}") from None


def judgement(rounds, name):
    """Why a generator is disqualified, or nothing."""
    failures = collections.Counter()
    for run in rounds.runs[name]:
        failures.update(run.failures)
    counts = ", ".join(f"{count} {what}" for what, count in failures.items() if count)
    return f"disqualified, failures: {counts}" if counts else ""


def remarks_of(rounds, name, connections):
    yield judgement(rounds, name)
    for run in rounds.runs[name]:
        counted = run.ok + sum(run.failures.values())
        if abs(run.opened - counted) > connections + run.opened / 100:
            yield f"it reports {counted:,} connections where the kernel counts {run.opened:,}"
            break
    if rounds.median(name, lambda run: run.cpu_share) < 0.9:
        yield "its CPU was not used up"
    if rounds.median(name, lambda run: run.responder_share) > 0.95:
        yield "the responder was the limit"


def rate_table(rounds, title, connections, missing):
    table = tables.Table(f"{title}, {connections} connections in flight, one CPU each",
                         ["generator", "connections/s", f"{OURS}, to it (95 %)", "CPU µs each",
                          "of its CPU", "of the responder's", "remarks"])
    for name in sorted(rounds.runs, key=lambda name: -rounds.median(name, rate_of)):
        share = rounds.median(name, lambda run: run.cpu_share)
        responder_share = rounds.median(name, lambda run: run.responder_share)
        table.rows.append([
            name, round(rounds.median(name, rate_of)),
            tables.ratio_text(rounds.ratio(OURS, name, rate_of)) if OURS in rounds.runs else "–",
            rounds.median(name, lambda run: run.cpu_us), f"{share:.0%}", f"{responder_share:.0%}",
            "; ".join(filter(None, remarks_of(rounds, name, connections)))])
    table.remark_missing(missing)
    return table


def chosen(options, answer):
    """Those that speak what is answered, and were asked for."""
    return [one for one in GENERATORS if (answer.request or not one.only_http) and
            (not options.only or one.name in options.only)]


def compare(options, document, answer):
    title = f"{answer.name} answer"
    runnable, missing = {}, {}
    with Field(options, named(answer.responder), greeting=answer.text) as field:
        if field.missing:
            raise OSError(f"{answer.responder} does not run here: {field.missing[answer.responder]}")
        for one in field:
            for generator in chosen(options, answer):
                if generator.package and not shutil.which(generator.name):
                    missing[generator.name] = "not installed"
                    continue
                document.add_version(generator.package)
                runnable[generator.name] = functools.partial(measure, options, generator, answer, one)
                command = map(str, generator.command(options, answer, one.setup.port))
                document.configurations[f"{generator.name}, {answer.name}"] = \
                    "$ " + shlex.join(command)
        rounds = Rounds(options.rounds, options.seed)
        missing.update(rounds.run(runnable, options.progress(title)))
    document.tables.append(rate_table(rounds, title, options.connections, missing))
    document.raw[title] = {name: [vars(run) for run in runs] for name, runs in rounds.runs.items()}
    return target_table(rounds, TARGETS, functools.partial(judgement, rounds), f", {answer.name}")


def lateness(options, document):
    """How late starts are in the open loop, when the generator has its CPU for itself."""
    title = f"Lateness of starts at {LATENESS_RATE:,}/s"
    rounds = Rounds(options.rounds, options.seed)
    with Field(options, named("uring, swift")) as field:
        missing = rounds.run({
            f"hello-load, {engine}": functools.partial(late_run, options, engine, one)
            for one in field for engine in ("uring", "epoll")
            if not options.only or f"hello-load, {engine}" in options.only}, options.progress(title))
    table = tables.Table(title, ["generator", "p50 ms", "p99 ms", "worst p99 ms", "verdict"])
    for name, runs in rounds.runs.items():
        p99_ms, failed = rounds.median(name, lambda run: run.p99_ms), sum(run.failed for run in runs)
        verdict = "below 1 ms" if p99_ms < 1 else "1 ms OR MORE"
        table.rows.append([name, rounds.median(name, lambda run: run.p50_ms), p99_ms,
                           max(run.p99_ms for run in runs),
                           f"DISQUALIFIED: {failed} connections failed" if failed else verdict])
    table.remark_missing({**field.missing, **missing})
    table.warn(rounds.unlike(besides=["engine"]))
    document.tables.append(table)


def late_run(options, engine, one):
    command = [options.build / "src/hello-load", "--json", "--engine", engine,
               "--rate", f"{LATENESS_RATE}/s", "--duration", f"{options.seconds * 1000:.0f}ms",
               f"127.0.0.1:{one.setup.port}"]
    done = run_to_end(options.generator_cpus, command, options.seconds + TIMEOUT_S)
    if done.returncode not in (0, 3):  # 3: a connection failed
        raise OSError(f"hello-load ended with {done.returncode}: {done.stderr.strip()}")
    reading = json.loads(done.stdout)
    every = reading["result"]["all"]
    percentiles = every["timings"]["lateness"]["percentiles_ns"]
    return LateRun(percentiles["50"] / 1e6, percentiles["99"] / 1e6, every["failed"],
                   unlike.facts_of_run(reading))


def generators(options, document):
    """hello-load beside other generators, and how late its starts are."""
    targets = [compare(options, document, answer) for answer in ANSWERS]
    for more in targets[1:]:
        targets[0].rows += more.rows
    document.tables.insert(0, targets[0])
    lateness(options, document)
