"""Generators of connections, side by side: each on one CPU, against the same hello-server on another.
Two answers are compared: "plain", the greeting that hello-load is made for, to clients that say
nothing, and "http", for generators that speak nothing else: there all of them send a request."""
import dataclasses
import functools
import json
import re
import resource
import shlex
import shutil
import subprocess
import time

import tables
from field import Field
from meter import pinned
from responders import named
from rounds import Rounds
from scenarios import rate_of, target_table

IN_FLIGHT = 64
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
    read: object  # a function of what it printed: (connections/s, {what failed: how often})
    package: str = None  # the Debian package it comes from; None: this tree
    only_http: bool = False


@dataclasses.dataclass(frozen=True)
class Run:
    connections_per_s: float
    cpu_us: float  # per connection, work of the kernel on its behalf included
    cpu_share: float  # of its CPU
    responder_share: float  # of the responder's CPU
    failures: dict


def hello_load(engine):
    def command(options, answer, port):
        return [options.build / "src/hello-load", "--quiet", "--engine", engine,
                "--connections", str(IN_FLIGHT), "--duration", f"{options.seconds * 1000:.0f}ms",
                "--expect", escaped(answer.text), "--send", escaped(answer.request),
                f"127.0.0.1:{port}"]
    return command


def escaped(data):
    return data.decode("ascii").replace("\r", "\\r").replace("\n", "\\n")


def epoll_generator(options, answer, port):
    return [options.build / "bench/epoll_generator", "127.0.0.1", str(port), str(IN_FLIGHT),
            str(options.seconds), answer.text.decode("ascii"), answer.request.decode("ascii")]


def wrk(options, _answer, port):
    return ["wrk", "-t1", f"-c{IN_FLIGHT}", f"-d{max(1, round(options.seconds))}s",
            "-H", "Connection: close", f"http://127.0.0.1:{port}/"]


def hey(options, _answer, port):
    return ["env", "GOMAXPROCS=1", "hey", "-cpus", "1", "-c", str(IN_FLIGHT),
            "-z", f"{options.seconds}s", "-disable-keepalive", f"http://127.0.0.1:{port}/"]


def h2load(options, _answer, port):
    # By number: for a time, it counts nothing where each connection ends after one answer.
    return ["h2load", "--h1", "-t1", f"-c{IN_FLIGHT}", f"-n{round(options.seconds * 20000)}",
            "-H", "Connection: close", f"http://127.0.0.1:{port}/"]


def read_done_line(output):
    """The last line of hello-load and of epoll_generator."""
    fields = dict(re.findall(r"(\w+)=([\d.]+)", output.strip().splitlines()[-1]))
    return float(fields["connections_per_s"]), {"failed": int(fields["failed"])}


def read_wrk(output):
    found = re.search(r"Socket errors: (.*)", output)
    errors = {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", found[1] if found else "")}
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return (float(re.search(r"Requests/sec:\s*([\d.]+)", output)[1]),
            {**errors, "other answers": int(found[1]) if found else 0})


def read_hey(output):
    errors = re.findall(r"^\s*\[(\d+)\]\s", output.partition("Error distribution:")[2], re.MULTILINE)
    return (float(re.search(r"Requests/sec:\s*([\d.]+)", output)[1]),
            {"failed": sum(map(int, errors))})


def read_h2load(output):
    counts = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", output)
    return (float(re.search(r"finished in .*, ([\d.]+) req/s", output)[1]),
            dict(zip(("failed", "errored", "timeout"), map(int, counts.groups()))))


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


def measure(options, generator, answer, one):
    """One run of a generator. Raises OSError if it does not run, or what it prints has no rate."""
    used_s, responder_s, start = children_s(), one.used_s(), time.monotonic()
    command = generator.command(options, answer, one.setup.port)
    done = subprocess.run(pinned(options.generator_cpus, command), check=False,
                          capture_output=True, text=True, timeout=options.seconds + TIMEOUT_S)
    elapsed_s = time.monotonic() - start
    used_s, responder_s = children_s() - used_s, one.used_s() - responder_s
    try:
        rate, failures = generator.read(done.stdout)
        return Run(rate, used_s / elapsed_s * 1e6 / rate, used_s / elapsed_s,
                   responder_s / elapsed_s, failures)
    except (IndexError, KeyError, TypeError, ValueError, ZeroDivisionError, AttributeError):
        raise OSError(f"ended with {done.returncode} and printed no rate: "
                      f"{(done.stdout + done.stderr).strip()[-200:]}") from None


def remarks_of(runs):
    failed = {what: count for run in runs for what, count in run.failures.items() if count}
    if failed:
        yield "failures: " + ", ".join(f"{count} {what}" for what, count in failed.items())
    if sorted(run.responder_share for run in runs)[len(runs) // 2] > 0.95:
        yield "the responder was the limit"


def rate_table(rounds, answer, missing):
    table = tables.Table(f"{answer.name} answer, {IN_FLIGHT} connections in flight, one CPU each",
                         ["generator", "connections/s", f"{OURS}, to it (95 %)", "CPU µs each",
                          "of its CPU", "of the responder's", "remarks"])
    for name in sorted(rounds.runs, key=lambda name: -rounds.median(name, rate_of)):
        share = rounds.median(name, lambda run: run.cpu_share)
        responder_share = rounds.median(name, lambda run: run.responder_share)
        table.rows.append([
            name, round(rounds.median(name, rate_of)),
            tables.ratio_text(rounds.ratio(OURS, name, rate_of)) if OURS in rounds.runs else "–",
            rounds.median(name, lambda run: run.cpu_us), f"{share:.0%}", f"{responder_share:.0%}",
            "; ".join(remarks_of(rounds.runs[name]))])
    table.remarks += [f"{name} is missing: {why}" for name, why in missing.items()]
    return table


def compare(options, document, answer):
    title = f"{answer.name} answer"
    runnable, missing = {}, {}
    with Field(options, named(answer.responder), greeting=answer.text) as field:
        if field.missing:
            raise OSError(f"{answer.responder} does not run here: {field.missing[answer.responder]}")
        for one in field:
            for generator in GENERATORS:
                if generator.only_http and not answer.request:
                    continue
                if generator.package and not shutil.which(generator.name):
                    missing[generator.name] = "not installed"
                    continue
                document.tell_version(generator.package)
                runnable[generator.name] = functools.partial(measure, options, generator, answer, one)
                command = map(str, generator.command(options, answer, one.setup.port))
                document.configurations[f"{generator.name}, {answer.name}"] = \
                    "$ " + shlex.join(command)
        rounds = Rounds(options.rounds, options.seed)
        missing.update(rounds.run(runnable, options.progress(title)))
    document.tables.append(rate_table(rounds, answer, missing))
    document.raw[title] = {name: [vars(run) for run in runs] for name, runs in rounds.runs.items()}
    return target_table(rounds, TARGETS, f", {answer.name}")


def lateness(options, document):
    """How late starts are in the open loop, when the generator has its CPU for itself."""
    table = tables.Table(f"Lateness of starts at {LATENESS_RATE:,}/s", ["generator", "p50 ms", "p99 ms",
                                                                      "worst p99 ms", "verdict"])
    with Field(options, named("uring, swift")) as field:
        for one in field:
            for engine in ("uring", "epoll"):
                seen = sorted((late_ms(options, engine, one) for _ in range(options.rounds)),
                              key=lambda pair: pair[1])
                middle = seen[len(seen) // 2]
                table.rows.append([f"hello-load, {engine}", middle[0], middle[1], seen[-1][1],
                                   "below 1 ms" if middle[1] < 1 else "1 ms OR MORE"])
    document.tables.append(table)


def late_ms(options, engine, one):
    command = [options.build / "src/hello-load", "--json", "--engine", engine,
               "--rate", f"{LATENESS_RATE}/s", "--duration", f"{options.seconds * 1000:.0f}ms",
               f"127.0.0.1:{one.setup.port}"]
    done = subprocess.run(
        pinned(options.generator_cpus, command), capture_output=True, text=True, check=False,
        timeout=options.seconds + TIMEOUT_S)
    if done.returncode != 0:
        raise OSError(f"hello-load ended with {done.returncode}: {done.stderr.strip()}")
    percentiles = json.loads(done.stdout)["result"]["all"]["timings"]["lateness"]["percentiles"]
    return percentiles["50"] / 1e6, percentiles["99"] / 1e6


def generators(options, document):
    """hello-load beside other generators, and how late its starts are."""
    targets = [compare(options, document, answer) for answer in ANSWERS]
    for more in targets[1:]:
        targets[0].rows += more.rows
    document.tables.insert(0, targets[0])
    lateness(options, document)
