"""One measured run: hello-load, as the same instrument for all, and what the responder used."""
import dataclasses
import json
import subprocess
import time

import unlike

GENERATOR_TIMEOUT_S = 60

# Who closes clients that have left does so later, and is charged for that, too. Later is up to 0.2 s
# here (CONNECTION_LEAVE_NS and its slack), and a quota adds up to 0.08 s to each pause.
REST_S, REST_TIMEOUT_S = 0.35, 1


@dataclasses.dataclass(frozen=True)
class Load:
    """What a run asks for."""
    seconds: float = 2
    warmup_s: float = 0.5
    connections: int = 256
    rate: float = None  # starts per second; None: as fast as they end
    threads: int = 1

    def options(self, responder):
        yield from ("--duration", f"{self.seconds * 1000:.0f}ms",
                    "--warmup", f"{self.warmup_s * 1000:.0f}ms", "--threads", str(self.threads))
        if self.rate:
            yield from ("--rate", f"{self.rate:.0f}/s")
        else:
            yield from ("--connections", str(responder.connections or self.connections))


@dataclasses.dataclass(frozen=True)
class Run:
    """What one run showed. The CPU time is all that the responder's cgroup was charged with: per
    connection also for what it did after the run, as a share only in it."""
    connections_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # per connection
    cpu_share: float  # of one CPU
    throttled_share: float  # of the time
    stalls: int  # how often the quota stopped it
    ok: int
    failed: int
    failures: str
    generator_busy: float  # the busiest thread, of what it may use
    per_s: list  # connections that ended well in each second
    facts: dict  # see unlike.py


def failures_of(errors):
    return ", ".join(f"{count} {kind} ({phase})" for phase, kinds in errors.items()
                     for kind, count in kinds.items() if count)


def pinned(cpus, command):
    """The command line that runs this one on these CPUs only."""
    return ["taskset", "-c", ",".join(map(str, sorted(cpus))), *map(str, command)]


def run_to_end(cpus, command, timeout_s):
    """Run a program on these CPUs, and keep what it prints. Raises OSError if it does not end."""
    try:
        return subprocess.run(pinned(cpus, command), capture_output=True, text=True, check=False,
                              timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise OSError(f"{command[0]} did not end within {timeout_s:.0f} s") from None


def used_s_at_rest(group):
    """What a responder has used once it has used nothing for a while, and at the latest after a second."""
    used_s, since = group.used_s(), time.monotonic()
    end = since + REST_TIMEOUT_S
    while time.monotonic() < min(since + REST_S, end):
        time.sleep(0.02)
        if (now_used_s := group.used_s()) != used_s:
            used_s, since = now_used_s, time.monotonic()
    return used_s


def ms(value_ns):
    return value_ns / 1e6 if value_ns else float("nan")


def measure(load_program, cpus, running, expected, load):
    """Drive a responder that runs, over both families at once. Raises OSError if nothing came of it."""
    setup, request = running.setup, running.responder.request
    setup.folder.joinpath("request").write_bytes(request)
    setup.folder.joinpath("expected").write_bytes(expected)
    command = [
        load_program, "--json", "--no-live", "--send", f"@{setup.folder}/request" if request else "",
        "--expect", f"@{setup.folder}/expected", *load.options(running.responder),
        *running.targets()]
    used_before_s, (stalls, throttled_s) = running.group.used_s(), running.group.throttled()
    start = time.monotonic()
    done = run_to_end(cpus, command, load.seconds + GENERATOR_TIMEOUT_S)
    elapsed_s = time.monotonic() - start
    used_s = running.group.used_s() - used_before_s
    stalls_after, throttled_after_s = running.group.throttled()
    if done.returncode not in (0, 3):
        raise OSError(f"hello-load ended with {done.returncode}: {done.stderr.strip()}")
    used_for_all_s = used_s_at_rest(running.group) - used_before_s
    document = json.loads(done.stdout)
    every = document["result"]["all"]
    if not every["connections_per_s"]:  # with none, nothing can be compared
        raise OSError(f"no connection ended well within {load.seconds} s: {failures_of(every['errors'])}")
    percentiles = every["timings"]["total"]["percentiles_ns"]
    return Run(
        connections_per_s=every["connections_per_s"],
        p50_ms=ms(percentiles["50"]), p99_ms=ms(percentiles["99"]),
        cpu_us=used_for_all_s * 1e6 / (every["ok"] + every["failed"] + every["warmup"]),
        cpu_share=used_s / elapsed_s,
        throttled_share=(throttled_after_s - throttled_s) / elapsed_s,
        stalls=stalls_after - stalls,
        ok=every["ok"], failed=every["failed"], failures=failures_of(every["errors"]),
        generator_busy=max(thread["busy_share"] for thread in document["threads"]),
        per_s=[interval["all"]["ok"] for interval in document["series"]["intervals"]],
        facts=unlike.facts_of_run(document))
