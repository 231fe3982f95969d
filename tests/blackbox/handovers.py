"""Processes that replace each other, and the two ends of the protocol of a handover, spoken by a test."""
import array
import contextlib
import os
import socket
import struct
import subprocess

from programs import DEADLINE_S, START_LINE, environment, server_path

ASK, DESCRIPTORS, OFFER, READY, LEAVE, GIVE_UP = range(1, 7)
CONTROL, CLIENTS, ADMIN = 1, 2, 3
MANAGED = 1
FORM = struct.Struct("=8sIIIII160s")
MAGIC = b"hello-ho"


def message(kind, role=0, flags=0, count=0, text=b"", version=1):
    return FORM.pack(MAGIC, version, kind, role, flags, count, text)


def send(channel, *args, fds=(), **fields):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    channel.sendmsg([message(*args, **fields)], rights)


def receive(channel):
    """(kind, role, flags, text, descriptors) of the next message; None at the end."""
    data, rights, _, _ = channel.recvmsg(FORM.size, socket.CMSG_SPACE(4 * 253))
    if not data:
        return None
    magic, version, kind, role, flags, _, text = FORM.unpack(data)
    assert (magic, version) == (MAGIC, 1)
    fds = array.array("i")
    for _, _, part in rights:
        fds.frombytes(part)
    return kind, role, flags, text.rstrip(b"\0").decode(), list(fds)


@contextlib.contextmanager
def asking(path):
    """A channel to the process that serves at a path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
        channel.settimeout(DEADLINE_S)
        channel.connect(str(path))
        yield channel


def offered(channel):
    """Ask, and take all that is offered: {role: descriptors}."""
    send(channel, ASK)
    found = {}
    while True:
        kind, role, _, text, fds = receive(channel)
        assert kind in (DESCRIPTORS, OFFER), text
        if kind == OFFER:
            return found
        found.setdefault(role, []).extend(fds)


class Predecessor:
    """A process that serves at a path and is asked to leave, played by a test."""

    def __init__(self, control, listener):
        self.control, self.listener = control, listener
        self.address = listener.getsockname()
        self.channel = None

    def hear(self):
        """Wait for a new process, and for its question."""
        self.channel, _ = self.control.accept()
        self.channel.settimeout(DEADLINE_S)
        assert receive(self.channel)[0] == ASK

    def send(self, *args, **fields):
        """Say something to it."""
        send(self.channel, *args, **fields)

    def offer(self, flags=0, version=1):
        """Hand the Unix socket and the listener over. Send other descriptors before."""
        self.send(DESCRIPTORS, CONTROL, fds=[self.control.fileno()])
        self.send(DESCRIPTORS, CLIENTS, flags, fds=[self.listener.fileno()])
        self.send(OFFER, 0, flags, 2, version=version)

    def expect(self, kind):
        """Wait for what it says next."""
        assert receive(self.channel)[0] == kind


@contextlib.contextmanager
def predecessor(path):
    """One that listens at a port of 127.0.0.1."""
    with contextlib.ExitStack() as stack:
        control = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        control.bind(str(path))
        os.chmod(path, 0o600)
        control.listen()
        control.settimeout(DEADLINE_S)
        one = Predecessor(control, listener)
        yield one
        if one.channel:
            one.channel.close()


class Chain:
    """Servers at one path: each takes over from the one before it."""

    def __init__(self, path, *options, port=0, env=None):
        self.options = ["--handover", path, *options]
        self.port = port
        self.environment = environment(env)
        self.processes = []
        self.lines = []  # what each printed, once it has ended

    def start(self, *options):
        """Start the next one. Returns when it serves, as its process."""
        process = subprocess.Popen(
            [server_path(), *map(str, (*self.options, *options, self.port))], env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.processes.append(process)
        line = process.stdout.readline()
        match = START_LINE.fullmatch(line)
        assert match, line + process.stderr.read()
        self.port = int(match["port"])
        process.start_line = line
        return process

    def ended(self, process):
        """(exit code, the last line's totals, standard error) of one that ends by itself."""
        out, errors = process.communicate(timeout=DEADLINE_S)
        last = out.splitlines()[-1] if out else ""
        counts = dict(part.split("=") for part in last.split()[2:])
        return process.returncode, {name: int(count) for name, count in counts.items()}, errors

    def kill(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
