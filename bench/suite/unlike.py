"""What makes runs incomparable: facts that can change a rate by 3 % or more, and differ."""
import pathlib
import platform

import machine
import ratios

SHARE = "sockets reused"
# A connection with a socket that made one before costs a seventh less: a fifth of them is 3 %.
SHARE_APART = 0.2
SPEED_APART = 0.03
OFFLOADS = ("gro", "gso", "tso")
NO_MATTER = ("memory_bytes", "memory_limit_bytes", "quota_is_known")
# What Google Benchmark reports about the machine and itself, and what it does not.
CONTEXT = ("host_name", "num_cpus", "mhz_per_cpu", "cpu_scaling_enabled", "library_build_type", "here")
CLOCK_SOURCE = pathlib.Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
SETTINGS = ("net/ipv4/ip_local_port_range", "net/ipv4/tcp_timestamps", "net/ipv4/tcp_tw_reuse",
            "net/ipv4/tcp_congestion_control")


def flat(members):
    """The members of an object, and of those in it, by their own names."""
    for name, value in members.items():
        if isinstance(value, dict):
            yield from flat(value)
        elif name not in NO_MATTER:
            yield name, value


def device_of(target):
    """The device to a target, with what changes the cost of a packet on it."""
    known = {name: target.get(name) for name in OFFLOADS}
    words = [f"{name} {'unknown' if value is None else 'on' if value else 'off'}"
             for name, value in known.items()]
    return f"{target['device']} of MTU {target['mtu_bytes']}, {', '.join(words)}"


def facts_of_run(document):
    """The facts of what hello-load printed as JSON; None is unknown."""
    run, sockets = document["run"], document["run"]["sockets"]
    made = sockets["opened"] + sockets["reused"]
    targets = document["result"].get("targets", [])
    facts = dict(flat(document["machine"]))
    tracked = facts.pop("tracked_connections", None)
    features = run.get("engine_features")
    return {**facts, "engine": run["engine"],
            "engine features": None if features is None else " ".join(features) or "none",
            "connections tracked": None if tracked is None else "yes" if tracked else "no",
            "target_is_local": run["target_is_local"],
            "device": "; ".join(sorted({device_of(target) for target in targets})),
            SHARE: sockets["reused"] / made if made else None}


def here():
    """The facts of this machine that benchmarks do not report."""
    try:
        clock_source = CLOCK_SOURCE.read_text(encoding="ascii").strip()
    except OSError:
        clock_source = None
    return {"kernel": platform.release(), "cpu_model": machine.cpu_model(),
            "clock_source": clock_source,
            **{name.replace("/", "."): machine.setting(name) for name in SETTINGS}}


def facts_of_context(context):
    """The facts of the context of benchmarks."""
    return dict(flat({name: context[name] for name in CONTEXT if name in context}))


def text_of(name, value):
    if value is None:
        return "unknown"
    return f"{value:.0%}" if name == SHARE else str(value)


def value_of(name, runs):
    """What a fact was in the runs of one side: their median, or all that it was."""
    values = [run.get(name) for run in runs]
    known = [value for value in values if value is not None]
    if name in (SHARE, "mhz_per_cpu"):
        return ratios.median(known) if known else None
    texts = sorted({text_of(name, value) for value in values})
    return ", ".join(texts)


def are_alike(name, values):
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return not known
    if name == SHARE:
        return max(known) - min(known) < SHARE_APART
    if name == "mhz_per_cpu":
        return max(known) <= min(known) * (1 + SPEED_APART)
    return len(set(known)) == 1


def line(sides, besides=()):
    """One line that names each fact in which sides differ, but for those that are compared; "" if they
    are alike. sides: name → the facts of each of its runs."""
    names = sorted({name for runs in sides.values() for run in runs for name in run} - {*besides})
    parts = []
    for name in names:
        values = {side: value_of(name, runs) for side, runs in sides.items() if runs}
        if are_alike(name, list(values.values())):
            continue
        by_text = {}
        for side, value in values.items():
            by_text.setdefault(text_of(name, value), []).append(side)
        parts.append(name + " " + " / ".join(
            f"{text} ({', '.join(alike)})" for text, alike in by_text.items()))
    return f"unlike: {'; '.join(parts)}" if parts else ""
