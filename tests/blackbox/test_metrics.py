"""The metrics of hello-server: well-formed, true, and those that the documents, the alerts and the dashboard name."""
import json
import os
import pathlib
import re
import socket
import subprocess

import pytest
import yaml

import kernel
from clients import GREETING, IPV4, close_all, connect, crowd, read_exactly
from programs import OUTCOMES, totals, wait_until
from scraping import Metrics, promtool

TOP = pathlib.Path(__file__).resolve().parents[2]
MONITORING = TOP / "docs/monitoring"
RULES, RULE_TESTS = MONITORING / "hello-server.rules.yml", MONITORING / "hello-server.rules.test.yml"
DASHBOARD = MONITORING / "hello-server.dashboard.json"
ADMIN = ("--admin", "127.0.0.1:0")
METRIC = re.compile(r"\b(?:hello|process)_[a-z_]+\b")
PAUSE_S = 0.3


@pytest.fixture
def watched(server):
    """watched(*options): a server with an admin port, and its metrics once nobody is connected."""

    def start(*options, **more):
        one = server(*ADMIN, *options, **more)
        one.metrics = lambda: Metrics(one)
        return one

    return start


def families(text):
    """{name: type} of an exposition."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


# Their form


def test_promtool_finds_nothing_to_say(watched, engine):
    one = watched("--engine", engine)
    assert crowd(one.address(IPV4), 100) == {"greeted": 100}
    assert promtool("check", "metrics", input=one.metrics().text) == (0, "")
    one.stop(all_accepted=False)


def test_the_page_lists_each_family_and_no_other(watched):
    one = watched()
    page = (TOP / "docs/hello-server.md").read_text(encoding="utf-8")
    entries = page.partition(" The metrics are:\n")[2].partition("\n\n[")[0]
    listed = [name for entry in entries.splitlines() if entry.startswith("- ")
              for name in METRIC.findall(entry.split("`: ")[0])]
    assert sorted(listed) == sorted(families(one.metrics().text))
    one.stop(all_accepted=False)


def test_classes_of_a_histogram_add_up(watched):
    one = watched()
    assert crowd(one.address(IPV4), 200) == {"greeted": 200}
    one.wait_until_idle()
    metrics = one.metrics()
    for name in (name for name, kind in families(metrics.text).items() if kind == "histogram"):
        counts = list(metrics.by_label(name + "_bucket", "le").values())
        assert counts == sorted(counts)
        assert counts[-1] == metrics[name + "_count"]
    one.stop(all_accepted=False)


# What they say


def test_counters_are_those_of_hello_load_and_of_the_last_line(watched, load, engine, close, family):
    one = watched("--engine", engine, "--close", close, "--workers", 2)
    run = load("-c", 20, "-n", 1000, one.target(family))
    assert run.ok == 1000
    wait_until(lambda: one.metrics()["hello_connections_open"] == 0, "all connections to end")
    metrics = one.metrics()
    assert set(metrics.by_label("hello_connections_accepted_total", "worker")) == {"0", "1"}
    assert metrics["hello_connections_accepted_total"] == run.started
    assert metrics["hello_connection_duration_seconds_count"] == run.started
    last = one.stop(all_accepted=False)
    assert metrics.outcomes() == {**{name: last[name] for name in OUTCOMES}, "silent": 0}
    assert metrics["hello_connections_accepted_total"] == last["accepted"]


def test_each_outcome_is_counted_from_0(watched):
    one = watched()
    assert one.metrics().outcomes() == dict.fromkeys([*OUTCOMES, "silent"], 0)
    one.stop(all_accepted=False)


def test_what_is_open_and_what_waits_is_seen(watched, engine):
    """One connection is all that is allowed, so the others wait."""
    one = watched("--engine", engine, "--workers", 1, "--max-connections", 1, "--linger-timeout", "1h", "--backlog", 16)
    assert one.metrics().by_label("hello_accepting_pauses_total", "reason") == dict.fromkeys(
        ("max_connections", "descriptors", "memory", "other"), 0)
    with connect(one.address(IPV4)) as first:
        assert read_exactly(first, len(GREETING)) == GREETING
        others = [connect(one.address(IPV4)) for _ in range(3)]
        wait_until(lambda: one.metrics()["hello_accepting_pauses_total"] > 0, "it to say that it pauses")
        metrics = one.metrics()
        assert metrics.by_label("hello_accepting_pauses_total", "reason")["max_connections"] == 1
        assert metrics["hello_accept_queue_length"] == 3
        assert metrics["hello_accept_queue_limit"] == 16
        assert (metrics["hello_connections_open"], metrics["hello_connections_limit"]) == (1, 1)
        assert metrics["hello_connections_accepted_total"] == 1
    for sock in others:
        assert read_exactly(sock, len(GREETING)) == GREETING
        sock.close()
    assert one.stop(all_accepted=False, warnings=None) == totals(greeted=4)


def ages_s(port):
    """For how long nothing came from each client of a port, as ss(8) tells it."""
    lines = subprocess.run(["ss", "-tniH", "state", "established", f"( sport = {port} )"], capture_output=True,
                           text=True, check=True).stdout
    return [int(age) / 1000 for age in re.findall(r"lastack:(\d+)", lines)]


def test_the_wait_for_the_accept_is_sampled(watched, engine):
    """The first of 64 clients is asked for; it waits while the server stands still."""
    one = watched("--engine", engine, "--workers", 1)
    with one.paused():
        socks = [connect(one.address(IPV4)) for _ in range(10)]
        wait_until(lambda: min(ages_s(one.port), default=0) > PAUSE_S, "them to have waited")
    assert [read_exactly(sock, len(GREETING)) for sock in socks] == [GREETING] * 10
    close_all(socks)
    metrics = one.metrics()
    assert metrics["hello_accept_wait_seconds_count"] == 1
    assert metrics["hello_accept_wait_seconds_sum"] >= PAUSE_S
    one.stop(all_accepted=False)


def test_the_process_is_described_as_the_kernel_sees_it(watched):
    one = watched("--workers", 2)
    metrics = one.metrics()
    assert metrics["process_threads"] == len(kernel.threads(one.pid))
    wait_until(lambda: kernel.descriptors(one.pid) == metrics["process_open_fds"] - 1, "the request to end")
    assert metrics["process_max_fds"] >= metrics["process_open_fds"]
    assert 0.9 < metrics["process_virtual_memory_bytes"] / kernel.address_space_bytes(one.pid) < 1.1
    assert 0.5 < metrics["process_resident_memory_bytes"] / kernel.rss_bytes(one.pid) < 2
    assert metrics["process_cpu_seconds_total"] > 0
    assert metrics["hello_workers"] == 2
    assert abs(metrics["process_start_time_seconds"] - os.stat(f"/proc/{one.pid}").st_ctime) < 60
    one.stop(all_accepted=False)


def test_what_was_built_and_set_is_told(watched, engine, close):
    one = watched("--engine", engine, "--close", close)
    text = one.metrics().text
    assert f'hello_settings_info{{engine="{engine}",close="{close}"}} 1' in text
    assert re.search(r'^hello_build_info\{version="[\d.]+",revision="[\w, ]+"\} 1$', text, re.MULTILINE)
    one.stop(all_accepted=False)


def test_drops_of_the_kernel_are_those_of_nstat(watched):
    """A full accept queue, of a server that stands still."""
    one = watched("--workers", 1, "--backlog", 1)
    before = one.metrics()
    with one.paused():
        socks = []
        for _ in range(10):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(one.address(IPV4))
            socks.append(sock)
        wait_until(lambda: one.counters["TcpExtListenDrops"] > 0, "the kernel to drop")
    close_all(socks)
    wait_until(lambda: one.metrics()["hello_connections_open"] == 0, "all connections to end")
    drops, overflows = one.counters["TcpExtListenDrops"], one.counters["TcpExtListenOverflows"]
    metrics = one.metrics()
    assert metrics["hello_tcp_listen_drops_total"] - before["hello_tcp_listen_drops_total"] >= drops > 0
    assert metrics["hello_tcp_listen_overflows_total"] - before["hello_tcp_listen_overflows_total"] >= overflows > 0
    one.stop(all_accepted=False, warnings=None)


# What is shipped to read them


def expressions_of_rules():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def expressions_of_dashboard():
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


@pytest.mark.parametrize("expressions", [expressions_of_rules, expressions_of_dashboard])
def test_alerts_and_dashboard_name_only_what_there_is(watched, expressions):
    one = watched()
    there = set(one.metrics().samples) | {"hello_accepting_pauses_total"}
    found = expressions()
    assert len(found) > 5
    assert {name for text in found for name in METRIC.findall(text)} - there == set()
    one.stop(all_accepted=False)


def test_promtool_takes_the_rules_and_their_tests():
    code, text = promtool("check", "rules", RULES)
    assert (code, re.search(r"SUCCESS: (\d+) rules", text)[1]) == (0, str(len(expressions_of_rules()))), text
    code, text = promtool("test", "rules", RULE_TESTS)
    assert code == 0, text


def test_each_alert_is_tested():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    tests = yaml.safe_load(RULE_TESTS.read_text(encoding="utf-8"))["tests"]
    fired = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    silent = {case["alertname"] for test in tests for case in test["alert_rule_test"] if not case["exp_alerts"]}
    assert (fired, silent) == (alerts, alerts)


def test_a_dashboard_has_panels_that_do_not_overlap():
    """And each has a title, a unit, and something to show."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    places = []
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not any(cells & other for other in places), panel["title"]
        places.append(cells)
        assert panel["title"] and panel["targets"] and panel["fieldConfig"]["defaults"]["unit"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
