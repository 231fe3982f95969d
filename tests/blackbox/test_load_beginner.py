"""The usual first failures of somebody who tries hello-load: each has its own verdict, with what to do."""
import json
import os
import signal
import socket
import subprocess
import threading

import pytest

from clients import GREETING, IPV4
from misbehaving import says, waits_then_says
from programs import run, wait_until

HTTP = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def run_any(*args):
    """What a run that fails reports: its verdicts, its document, its summary as one line."""
    result = run(os.environ["HELLO_LOAD"], "--json", "-n", 20, "-c", 5, *args)
    assert result.returncode == 3, result
    document = json.loads(result.stdout)
    summary = run(os.environ["HELLO_LOAD"], "-n", 20, "-c", 5, *args).stdout
    verdicts = {verdict["name"]: verdict for verdict in document["verdicts"]}
    return verdicts, document, " ".join(summary.split())


def run_failing(*args):
    """The same of a run in which nothing ended well."""
    verdicts, document, summary = run_any(*args)
    assert "generator_fine" not in verdicts and document["run"]["limit"] == "unknown"
    return verdicts, document, summary


@pytest.fixture
def closed_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))  # bound, and nothing listens
        yield sock.getsockname()[1]


def test_a_service_that_is_not_there(closed_port):
    verdicts, _, summary = run_failing(f"127.0.0.1:{closed_port}")
    text = verdicts["refused"]["text"]
    assert f"all 20 connections to 127.0.0.1:{closed_port} were refused: nothing listens there" in text
    assert "start the service" in text and text in summary and "use -" not in text


def test_a_name_whose_other_family_may_have_the_service(closed_port):
    verdicts, _, _ = run_failing("-6", f"localhost:{closed_port}")
    assert "'localhost' is taken as its IPv6 address" in verdicts["refused"]["text"]
    assert "use -4" in verdicts["refused"]["text"]


def test_a_host_that_cannot_be_reached(closed_port):
    verdicts, _, _ = run_failing("198.51.100.1:80")  # there is no route in this namespace
    assert "could not reach 198.51.100.1:80" in verdicts["unreachable"]["text"]


def test_a_service_that_waits_for_a_request(peer):
    verdicts, _, _ = run_failing("--timeout", "200ms", peer(waits_then_says(30), at_once=True).target)
    text = verdicts["silent_service"]["text"]
    assert "within 200ms" in text and "--send" in text


class KeepsOpen:
    """Greets, and does not close."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.target = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.kept = []
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.sock.accept()
                self.kept.append(connection)
                connection.sendall(GREETING)
            except OSError:
                return

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        for one in (self.sock, *self.kept):
            one.close()


def test_a_service_that_keeps_connections_open():
    service = KeepsOpen()
    try:
        verdicts, _, _ = run_failing("--timeout", "200ms", service.target)
    finally:
        service.stop()
    assert "keeps connections open" in verdicts["kept_open"]["text"]


def test_another_http_status_than_was_expected(peer):
    verdicts, document, summary = run_failing("--expect", "HTTP/1.1 200 OK\\r\\n", peer(says(HTTP)).target)
    assert "such as 'HTTP/1.1 404 Not Found'" in verdicts["http_status"]["text"]
    wrong = document["result"]["wrong_answer"]
    assert wrong["offset_bytes"] == 0 and wrong["got"].startswith("HTTP/1.1 404 Not Found\\r\\nContent-Length")
    assert 'expected "HTTP/1.1 200 OK\\r\\n", got "HTTP/1.1 404 Not Found\\r\\n' in summary


@pytest.mark.parametrize("expect, offset, shown", [
    ("moin", 0, 'expected "moin", got "hello\\n"'),
    ("hel", 0, 'expected "hel", got "hello\\n"'),
    ("helmo", 0, 'expected "helmo", got "hello\\n"'),
])
def test_the_first_answer_that_is_wrong_is_shown(server, expect, offset, shown):
    _, document, summary = run_failing("--expect", expect, server().target(IPV4))
    wrong = document["result"]["wrong_answer"]
    assert wrong["offset_bytes"] == offset and shown in summary
    assert document["result"]["targets"][0]["wrong_answer"] == wrong


@pytest.mark.parametrize("said, came, shown", [
    (b"hel", 3, 'expected 6 bytes, got 3: "hel"'),
    (b"", 0, "expected 6 bytes, got none"),
])
def test_an_answer_that_ends_too_early_is_shown(peer, said, came, shown):
    _, document, summary = run_failing(peer(says(said)).target)
    target = document["result"]["targets"][0]
    assert target["short_answer"].pop("at_ns") > 0
    assert target["short_answer"] == {"expected_bytes": 6, "came_bytes": came, "got": said.decode()}
    assert target["wrong_answer"] is None and document["result"]["wrong_answer"] is None
    assert shown in summary


@pytest.mark.parametrize("threads", [1, 2])
def test_each_target_has_its_own_first_answer_that_is_wrong(server, peer, threads):
    good, wrong, ended = server().target(IPV4), peer(says(b"moin\n")).target, peer(says(b"he")).target
    _, document, summary = run_any("-t", threads, good, wrong, ended)
    targets = document["result"]["targets"]
    answer = targets[1]["wrong_answer"]
    assert answer == {"at_ns": answer["at_ns"], "offset_bytes": 0, "got": r"moin\n"} and answer["at_ns"] > 0
    assert targets[0]["wrong_answer"] is None and targets[2]["wrong_answer"] is None
    assert [target["short_answer"] and target["short_answer"]["got"] for target in targets] == [None, None, "he"]
    assert document["result"]["wrong_answer"] == answer
    assert f'from {wrong}: expected "hello\\n", got "moin\\n"' in summary
    assert f'from {ended}: expected 6 bytes, got 2: "he"' in summary


def test_control_characters_of_an_answer_command_no_terminal(peer):
    _, document, summary = run_failing("--expect", "x", peer(says(b"\x1b[2J\x07evil\n")).target)
    assert document["result"]["wrong_answer"]["got"] == r"\x1b[2J\x07evil\n"
    assert "\x1b" not in summary and r'got "\x1b[2J\x07evil\n"' in summary


def test_a_run_that_ends_well_has_none_of_these(server, load):
    result = load("-n", 20, server().target(IPV4))
    assert "expected \"" not in result.stdout and "refused" not in result.stdout.split("hello-load: done")[0]


def test_a_target_that_is_gone_is_named_beside_one_that_is_there(server, closed_port):
    _, document, _ = run_any(server().target(IPV4), f"127.0.0.1:{closed_port}")
    text = {verdict["name"]: verdict["text"] for verdict in document["verdicts"]}["refused"]
    assert f"all 10 connections to 127.0.0.1:{closed_port} were refused" in text


def test_what_was_wrong_in_the_warm_up_only_is_not_reported(peer):
    one = peer(says(b"HTTP/1.1 500 Oops\r\n\r\n"), at_once=True)
    process = subprocess.Popen([os.environ["HELLO_LOAD"], "--json", "--warmup", "1h", "-c", "2", one.target],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(one.accepted_at) > 10, "some connections")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    document = json.loads(output)
    assert document["result"]["wrong_answer"] is None
    assert not {"http_status", "wrong_answer"} & {verdict["name"] for verdict in document["verdicts"]}
