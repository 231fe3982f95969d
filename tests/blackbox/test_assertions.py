"""hello-load --assert: what is asserted is judged, printed, and decides the exit code."""
import json
import os
import re
import socket

import pytest

from clients import IPV4, IPV6
from misbehaving import waits_then_says
from programs import run, totals

DELAY_S = 0.1


@pytest.fixture
def refused():
    """A target at which nobody listens."""
    with socket.socket() as unused:
        unused.bind((IPV4.loopback, 0))
        yield f"{IPV4.loopback}:{unused.getsockname()[1]}"


def hello_load(*args, asserting=(), **options):
    asserted = [word for text in asserting for word in ("--assert", text)]
    return run(os.environ["HELLO_LOAD"], *asserted, *args, **options)


def judged(*args, asserting=(), **options):
    """Run with --json. Returns (exit code, {assertion: (value, it holds)})."""
    result = hello_load("--json", *args, asserting=asserting, **options)
    assertions = json.loads(result.stdout)["assertions"]
    assert result.returncode == (0 if all(one["holds"] for one in assertions) else 3)
    return result.returncode, {one["text"]: (one["value_text"], one["holds"]) for one in assertions}


def test_what_holds_is_done_and_what_does_not_is_missed(server, engine):
    target = server().target(IPV4)
    args = ("-n", 100, "-e", engine, target)
    fine = ["p99<1h", "connect.max > 1ns", "rate>=1/h", "ok==100", "dropped<1%"]
    missed = ["p50>1h", "started!=100", "rate>1G/s", "ok<100%"]
    assert judged(*args, asserting=fine)[0] == 0
    for one in missed:
        code, assertions = judged(*args, asserting=[*fine, one])
        assert code == 3
        assert [text for text, (_, holds) in assertions.items() if not holds] == [one]


def test_each_assertion_is_a_line_of_the_summary(server):
    result = hello_load("-n", 100, server().target(IPV4), asserting=["ok==100", "p99 > 1h"])
    assert result.returncode == 3
    lines = [line.split() for line in result.stdout.splitlines() if line.startswith(("✓", "✗"))]
    assert lines[0] == ["✓", "ok==100", "100"]
    assert lines[1][:-1] == ["✗", "p99", ">", "1h"]
    assert re.fullmatch(r"[0-9.]+(s|ms|us|ns)", lines[1][-1])
    assert len(lines) == 2


def test_errors_must_be_none_unless_it_is_said_which_are_fine(server, engine, refused):
    args = ("-n", 100, "-e", engine, server().target(IPV4), refused)
    assert judged(*args) == (3, {"errors==0": ("50", False), "ok>0": ("50", True)})
    assert judged(*args, asserting=["p99<1h"])[0] == 3
    assert judged(*args, asserting=["errors<=50%"]) == (0, {"errors<=50%": ("50%", True)})
    assert judged(*args, asserting=["refused==50", "reset==0"])[0] == 0
    assert judged(*args, asserting=["ok>=51"]) == (3, {"ok>=51": ("50", False)})


@pytest.mark.timed
def test_durations_are_those_of_the_service(engine, peer):
    """Greeting and total take as long as the service does; the handshake does not wait for it."""
    slow = peer(waits_then_says(DELAY_S), at_once=True)
    bound = f"{DELAY_S / 2}s"  # the service may begin to wait before the generator is told so
    code, assertions = judged(
        "-n", 20, "-c", 4, "-e", engine, slow.target,
        asserting=[f"greeting.min>={bound}", f"total.p50>={bound}", f"mean>{bound}",
                   f"p50<{bound}", f"greeting.p99.9<{bound}", f"connect.p50<{bound}"],
    )
    assert code == 3
    assert [holds for _, holds in assertions.values()] == [
        True, True, True, False, False, True, True, True]  # the last two: errors==0, ok>0


def test_families_are_judged_apart(server, engine):
    one = server()
    both = ("-n", 30, "-e", engine, f"{one.target(IPV4)}=2", one.target(IPV6))
    assert judged(*both, asserting=["ipv4.ok==20", "ipv6.ok==10", "ipv6.connect.p99<1h"])[0] == 0
    only = ("-n", 30, "-e", engine, one.target(IPV4))
    code, assertions = judged(*only, asserting=["ipv4.rate>0", "ipv6.errors==0"])
    assert code == 3 and assertions["ipv4.rate>0"][1]
    assert assertions["ipv6.errors==0"] == ("no ipv6 target", False)


def test_nothing_can_be_said_of_durations_that_nobody_measured(refused, server):
    code, assertions = judged("-n", 10, refused, asserting=["p99<1h", "refused==10"])
    assert (code, assertions["p99<1h"]) == (3, ("no samples", False))
    code, assertions = judged("-n", 10, server().target(IPV4), asserting=["lateness.p99<1h"])
    assert (code, assertions["lateness.p99<1h"]) == (3, ("no samples", False))


def test_lateness_is_judged_in_an_open_loop(server, engine):
    args = ("-r", "100/s", "-n", 20, "-e", engine, server().target(IPV4))
    code, assertions = judged(*args, asserting=["lateness.p99<1h", "lateness.max<1ns"])
    assert code == 3 and assertions["lateness.p99<1h"][1] and not assertions["lateness.max<1ns"][1]


def test_an_assertion_may_stand_in_the_environment(server):
    target = server().target(IPV4)
    environment = {"HELLO_ASSERT": "p99>1h"}
    assert judged("-n", 10, target, env=environment)[0] == 3
    assert set(judged("-n", 10, target, env=environment, asserting=["ok==10"])[1]) == {"ok==10"}


@pytest.mark.parametrize(
    "text, named",
    [
        ("p99<5", "such as p99<5ms"),
        ("p101<5ms", "no such metric"),
        ("errors", "needs a comparison"),
        ("rate>=fast", "such as rate>=20k/s"),
        ("errors<1.5", "such as errors<1%"),
        ("stalls<1%", "such as stalls<10"),
        ("ipv6.stalls==0", "such as stalls==0"),
        ("", "needs a comparison"),
    ],
)
def test_what_is_no_assertion_is_refused_before_anything_is_started(server, text, named):
    one = server()
    result = hello_load("-n", 10, one.target(IPV4), asserting=["p99<1h", text])
    assert (result.returncode, result.stdout) == (2, "")
    assert re.fullmatch(r"hello-load: --assert '[^\n]*\n", result.stderr), result.stderr
    assert f"'{text}'" in result.stderr and named in result.stderr
    assert one.stop() == totals()
