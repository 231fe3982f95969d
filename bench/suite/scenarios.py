"""The comparisons of responders. Each function is one scenario, and returns its tables."""
import functools
import threading
import time

import tables
from field import PERIOD_US, Field
from meter import Load
from responders import RESPONDERS, named
from rounds import Rounds

BASELINE = "nginx stream"
QUOTAS_US = {5000: "shared-cpu-1x", 10000: "shared-cpu-2x", 20000: "shared-cpu-4x",
             40000: "shared-cpu-8x"}
SMALLEST_US = min(QUOTAS_US)
IDLE_S, SETTLE_S = 2, 0.5  # the last clients of a probe are looked after for a moment
BURST_S, BUCKET_S, BUCKET_LOOK_S = 20, 5, 0.01

# The least that is acceptable, and what to aim for: connections/s of one to those of another.
TARGETS = [
    ("uring, swift", "nginx stream", 1.5, 2.0),
    ("uring, linger", "nginx stream", 1.3, 1.7),
    ("uring, swift", "blocking loop", 1.4, 1.8),
    ("epoll, swift", "nginx stream", 1.3, 1.6),
]


def rate_of(run):
    return run.connections_per_s


def quota_title(quota_us):
    return f"A quota of {quota_us // 1000} ms per {PERIOD_US // 1000} ms ({QUOTAS_US[quota_us]})"


def measures(field, load, afresh=True):
    """What Rounds.run wants: for each responder, a function that measures it once."""
    measure = field.measure_afresh if afresh else field.measure
    return {one.name: functools.partial(measure, one, load) for one in field}


def judgement(field, rounds, name):
    """Why a responder is disqualified, or nothing."""
    reasons = [field.faults[name]] if name in field.faults else []
    failed = sum(run.failed for run in rounds.runs[name])
    if failed:
        kinds = next(run.failures for run in rounds.runs[name] if run.failed)
        reasons.append(f"{failed} connections failed: {kinds}")
    return f"disqualified: {'; '.join(reasons)}" if reasons else ""


def responder_table(title, field, rounds, failed, load):
    """One row per responder, the fastest first."""
    table = tables.Table(title, ["responder", "connections/s", f"to {BASELINE} (95 %)", "p50 ms",
                                 "p99 ms", "CPU µs each", "of a CPU", "stalls/s", "remarks"])

    median = rounds.median
    for name in sorted(rounds.runs, key=lambda name: -median(name, rate_of)):
        ratio = rounds.ratio(name, BASELINE, rate_of) if BASELINE in rounds.runs else None
        busy = median(name, lambda run: run.generator_busy)
        remarks = [text for text in (
            judgement(field, rounds, name),
            "the generator was the limit" if not load.rate and busy > 0.95 else "") if text]
        table.rows.append([
            name, round(median(name, rate_of)), tables.ratio_text(ratio) if ratio else "–",
            median(name, lambda run: run.p50_ms), median(name, lambda run: run.p99_ms),
            median(name, lambda run: run.cpu_us),
            f"{median(name, lambda run: run.cpu_share):.0%}",
            median(name, lambda run: run.stalls / (load.seconds + load.warmup_s)),
            "; ".join(remarks)])
    table.remark_missing({**field.missing, **failed})
    table.warn(rounds.unlike())
    return table


def compare(options, document, title, field, load):
    """Measure all that run, in rounds; adds a table to the document."""
    rounds = Rounds(options.rounds, options.seed)
    failed = rounds.run(measures(field, load), options.progress(title))
    document.tables.append(responder_table(title, field, rounds, failed, load))
    document.raw[title] = {name: [vars(run) for run in runs] for name, runs in rounds.runs.items()}
    document.configurations.update(configurations(field))
    for one in field:
        document.add_version(one.responder.package)
    return rounds


def configurations(field):
    for one in field:
        text = "$ " + " ".join(one.command)
        for path in [*one.setup.folder.glob("*.cfg"), *one.setup.folder.glob("*.conf")]:
            text += f"\n\n{path.name}:\n{path.read_text(encoding='ascii').strip()}"
        yield one.name, text.replace(str(one.setup.folder) + "/", "")


def target_table(rounds, targets, fault_of, where=""):
    """Which of the targets were reached. `fault_of` a name: why its rate does not count, or nothing;
    `where` says of what runs, if there are others."""
    table = tables.Table("What must be reached, in connections/s",
                         ["compared", "ratio (95 %)", "must reach", "aim for", "verdict"])
    for name, other, must, aim in targets:
        if name in rounds.runs and other in rounds.runs:
            ratio = rounds.ratio(name, other, rate_of)
            faults = {one: fault for one in (name, other) if (fault := fault_of(one))}
            verdict = "DISQUALIFIED" if name in faults else "aim reached" if ratio[0] >= aim else \
                "reached" if ratio[0] >= must else "MISSED"
            table.rows.append([f"{name} : {other}{where}", tables.ratio_text(ratio), must, aim, verdict])
            for one, fault in faults.items():
                table.remark(f"{one}: {fault}")
    return table


def idle_table(field):
    """What each uses while nobody comes."""
    time.sleep(SETTLE_S)
    before = {one.name: one.used_s() for one in field}
    time.sleep(IDLE_S)
    table = tables.Table("Idle", ["responder", "CPU µs per second"])
    for one in field:
        table.rows.append([one.name, (one.used_s() - before[one.name]) * 1e6 / IDLE_S])
    return table


def half_of_saturation(options, document, field, saturation):
    """All at one rate, half of what the baseline reaches: the open loop of real users."""
    if BASELINE not in saturation.runs:
        return
    load = Load(options.seconds, options.warmup_s, rate=saturation.median(BASELINE, rate_of) / 2)
    title = f"At half of what {BASELINE} reaches: {load.rate:,.0f} connections/s"
    rounds = compare(options, document, title, field, load)
    if BASELINE not in rounds.runs:  # it failed at this, and the table says so
        return
    table = tables.Table("p99 at half of saturation", ["compared", "ratio (95 %)", "verdict"])
    for name in rounds.runs:
        if name != BASELINE:
            ratio = rounds.ratio(name, BASELINE, lambda run: run.p99_ms)
            verdict = "half" if ratio[0] <= 0.5 else "not worse" if ratio[0] <= 1 else \
                "cannot tell" if ratio[1] <= 1 else "WORSE"
            table.rows.append([f"{name} : {BASELINE}", tables.ratio_text(ratio), verdict])
    document.tables.append(table)


def headline(options, document):
    """The short form: the quota of a shared-cpu-1x, who must be beaten, and by how much."""
    load = Load(options.seconds, options.warmup_s, options.connections)
    chosen = options.choose(named("uring, swift", "uring, linger", "epoll, swift", "blocking loop",
                                  BASELINE))
    with Field(options, chosen, quota_us=SMALLEST_US) as field:
        idle = idle_table(field)
        rounds = compare(options, document, quota_title(SMALLEST_US), field, load)
        document.tables.insert(0, target_table(
            rounds, TARGETS, functools.partial(judgement, field, rounds)))
        document.tables.append(idle)
    with Field(options, options.choose(named("uring, linger", BASELINE)), quota_us=SMALLEST_US) as field:
        half_of_saturation(options, document, field, rounds)


def quotas(options, document):
    """The quotas of all shared Machines."""
    with Field(options, options.choose([one for one in RESPONDERS if not one.request]),
               quota_us=SMALLEST_US) as field:
        document.tables.append(idle_table(field))
        for quota_us in QUOTAS_US:
            field.limit(quota_us)
            load = Load(options.seconds, options.warmup_s,
                        options.connections * quota_us // SMALLEST_US)
            rounds = compare(options, document, quota_title(quota_us), field, load)
            document.tables.append(target_table(
                rounds, TARGETS, functools.partial(judgement, field, rounds)))
            if quota_us == SMALLEST_US:
                half_of_saturation(options, document, field, rounds)


def burst(options, document):
    """Burst, then baseline: a bucket of 5 s of CPU time, as on a fresh Machine."""
    with Field(options, options.choose(named("uring, swift", "uring, linger", BASELINE))) as field:
        series = {one.name: drain_bucket(options, field, one) for one in field}
    table = tables.Table("Connections/s, second by second, from a full bucket of 5 s",
                         ["second", *series])
    for second in range(BURST_S):
        table.rows.append([second + 1] + [rates[second] if second < len(rates) else None
                                          for rates in series.values()])
    document.tables.append(table)
    document.raw["burst"] = series
    document.curves.append(tables.Curve("burst", "second", "connections/s", {
        name: list(enumerate(rates, 1)) for name, rates in series.items()}))


def drain_bucket(options, field, one):
    """Connections/s in each second, of a responder that may save and spend CPU time as a shared
    Machine does: the baseline refills the bucket, and while it is not empty there is no limit."""
    load = Load(BURST_S, 0, options.connections)
    stop = threading.Event()

    def bucket():
        left_s, seen_s, last = BUCKET_S, one.used_s(), time.monotonic()
        limited = False
        while not stop.wait(BUCKET_LOOK_S):
            now, used_s = time.monotonic(), one.used_s()
            left_s = min(BUCKET_S, left_s + (now - last) * SMALLEST_US / PERIOD_US - (used_s - seen_s))
            last, seen_s = now, used_s
            if (left_s <= 0) != limited:
                limited = left_s <= 0
                one.group.limit(SMALLEST_US if limited else None, PERIOD_US)
    one.group.limit(None, PERIOD_US)
    thread = threading.Thread(target=bucket)
    thread.start()
    try:
        return field.measure(one, load).per_s
    finally:
        stop.set()
        thread.join()


def peers(options, document):
    """Everybody, in the quota of a shared-cpu-1x, on one whole CPU, and on two."""
    load = Load(options.seconds, options.warmup_s, options.connections)
    everybody = options.choose(RESPONDERS)
    with Field(options, everybody, quota_us=SMALLEST_US) as field:
        compare(options, document, quota_title(SMALLEST_US), field, load)
        field.limit(None)
        compare(options, document, "One CPU without a quota, the generator on another", field, load)
    two = options.on_all_cpus()
    if two is None:
        document.tables.append(tables.Table("Two CPUs", ["not measured: there is one CPU"]))
        return
    with Field(two, [one for one in everybody if "loop" not in one.name], workers=2) as field:
        compare(two, document, "Two CPUs, two workers, the generator on the same CPUs", field,
                Load(options.seconds, options.warmup_s, options.connections, threads=2))
