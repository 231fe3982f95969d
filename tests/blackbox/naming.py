"""Names: a DNS server, a service at all addresses, and a machine with files of its own in /etc."""
import collections
import contextlib
import os
import re
import socket
import struct
import threading

from clients import GREETING
from kernel import bind, mounts_of_its_own
from programs import run

A, CNAME, AAAA = 1, 5, 28
NO_ERROR, FORMAT_ERROR, SERVER_FAILURE, NO_SUCH_NAME, NOT_IMPLEMENTED, REFUSED = range(6)
V4, V6 = "127.0.0.1", "::1"


def encoded(name):
    labels = name.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def resource_record(name, kind, value):
    if kind == CNAME:
        data = encoded(value)
    else:
        data = socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, value)
    return encoded(name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def records_for(known_records, name, kind):
    """The records that answer a question, along its aliases; or a code; or None: no answer."""
    answer = []
    while isinstance(known := known_records.get(name, NO_SUCH_NAME), dict) and CNAME in known:
        answer.append(resource_record(name, CNAME, known[CNAME][0]))
        name = known[CNAME][0]
    if not isinstance(known, dict):
        return known
    values = known.get(kind, [])
    return values and answer + [resource_record(name, kind, value) for value in values]


class NameServer:
    """A DNS server (RFC 1035) on a loopback address, in a thread of the test. `records`: what it knows, by name:
    {type: [value, ...]} (None instead of a list: it does not answer), or the code that it answers with."""

    def __init__(self, host, records):
        self.asked, self.records = [], records
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 53))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while True:
            question, client = self.sock.recvfrom(4096)
            if not question:
                return
            if answer := self._answer(question):
                self.sock.sendto(answer, client)

    def _answer(self, question):
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode().lower())
            at += 1 + length
        name, (kind,) = ".".join(labels), struct.unpack(">H", question[at + 1 : at + 3])
        self.asked.append(name)
        records = records_for(self.records, name, kind)
        if records is None:
            return None
        code, records = (records, []) if isinstance(records, int) else (NO_ERROR, records)
        header = question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        return header + question[12 : at + 5] + b"".join(records)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()


class Door:
    """Greets whoever comes, at one port of every address, and counts by the address that was
    connected to."""

    def __init__(self):
        self.visits = collections.Counter()
        self.socks = self._bind()
        self.port = self.socks[0].getsockname()[1]
        self.threads = [threading.Thread(target=self._serve, args=[sock]) for sock in self.socks]
        for sock, thread in zip(self.socks, self.threads):
            sock.listen(100)
            thread.start()

    @staticmethod
    def _bind():
        """Sockets of both families at one port: a port that is free in one may be taken in the other."""
        for _ in range(100):
            four, six = socket.socket(socket.AF_INET), socket.socket(socket.AF_INET6)
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            four.bind(("0.0.0.0", 0))
            try:
                six.bind(("::", four.getsockname()[1]))
                return [four, six]
            except OSError:
                four.close()
                six.close()
        raise AssertionError("no port is free in both families")

    def _serve(self, sock):
        with contextlib.suppress(OSError):  # accept fails once the test is over
            while True:
                connection, _ = sock.accept()
                with connection:
                    self.visits[connection.getsockname()[0]] += 1
                    connection.sendall(GREETING)

    def stop(self):
        for sock, thread in zip(self.socks, self.threads):
            sock.shutdown(socket.SHUT_RDWR)
            thread.join()
            sock.close()


class Machine:
    """Runs programs where /etc/hosts and /etc/resolv.conf are others (mount_namespaces(7))."""

    SCRIPT = (
        'for file in "$0"/*; do mount --bind "$file" "/etc/${file##*/}" || exit 99; done; exec "$@"'
    )

    def __init__(self, directory):
        self.directory = directory
        self.write("hosts", "")
        self.write("resolv.conf", "nameserver 127.0.0.1\n")
        if os.path.exists("/etc/nsswitch.conf"):
            self.write("nsswitch.conf", "hosts: files dns\n")

    def write(self, name, text):
        (self.directory / name).write_text(text, encoding="ascii")

    def enter(self):
        """A preexec_fn: be there."""
        mounts_of_its_own()
        for file in self.directory.iterdir():
            bind(file, f"/etc/{file.name}")

    def enter_alone(self):
        """The same where nothing else is in /etc."""
        mounts_of_its_own()
        bind(self.directory, "/etc")

    def run(self, program, *args):
        inside = ["-m", "--propagation", "private", "sh", "-c", self.SCRIPT, self.directory]
        return run("unshare", *inside, program, *args)

    def load(self, *args):
        return self.run(os.environ["HELLO_LOAD"], "-n", 4, "-c", 2, *args)

    def complaint(self, *args, code):
        """The one line with which hello-load ends."""
        result = self.load(*args)
        assert (result.returncode, result.stdout) == (code, ""), result
        assert re.fullmatch(r"hello-load: [^\n]+\n", result.stderr), result.stderr
        return result.stderr
