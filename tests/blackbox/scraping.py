"""Reading the admin port of hello-server, independently of the program."""
import re
import subprocess

import pytest

from clients import connect, read_to_end

SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*)\})? (\S+)')
HEAD = re.compile(r"HTTP/1\.1 (\d{3}) [A-Z][\w ]+\r\n((?:[A-Z][\w-]*: [^\r\n]+\r\n)+)\r\n", re.ASCII)


class Answer:
    """What a client of the admin port gets: a status, fields and a body, all of it or nothing."""

    def __init__(self, data, has_body=True):
        text = data.decode()
        match = HEAD.match(text)
        assert match, data
        self.status = int(match[1])
        self.fields = dict(field.split(": ", 1) for field in match[2].splitlines())
        self.body = text[match.end():]
        length = int(self.fields["Content-Length"])
        assert len(self.body.encode()) == (length if has_body else 0), data
        assert self.fields["Connection"] == "close", data

    def __eq__(self, other):
        return (self.status, self.body) == other

    def __repr__(self):
        return f"{self.status} {self.body!r}"


def say(one, data):
    """A connection to the admin port that has sent this."""
    sock = connect(one.admin)
    sock.sendall(data)
    return sock


def ask(one, data, **options):
    """The answer to a request."""
    return Answer(read_to_end(say(one, data)), **options)


def get(one, path):
    return ask(one, f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())


def samples(text):
    """{name: {labels: value}} of an exposition; the labels as they are written."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        family = found.setdefault(match[1], {})
        assert (match[2] or "") not in family, f"twice: {line}"
        family[match[2] or ""] = float(match[3])
    return found


class Metrics:
    """The metrics of a server at one time."""

    def __init__(self, one):
        answer = get(one, "/metrics")
        assert answer.status == 200
        self.text = answer.body
        self.samples = samples(answer.body)

    def __getitem__(self, name):
        """The value of a family, all of its labels together."""
        return sum(self.samples[name].values())

    def by_label(self, name, label):
        """{value of the label: value}."""
        return {re.search(rf'{label}="([^"]*)"', labels)[1]: value for labels, value in self.samples[name].items()}

    def outcomes(self):
        return self.by_label("hello_connections_ended_total", "outcome")


def promtool(*args, **options):
    """promtool(1), of Debian's prometheus. Returns (exit code, what it prints)."""
    try:
        result = subprocess.run(["promtool", *map(str, args)], capture_output=True, text=True, timeout=60, **options)
    except FileNotFoundError:
        pytest.fail("no promtool: install prometheus")
    return result.returncode, result.stdout + result.stderr
