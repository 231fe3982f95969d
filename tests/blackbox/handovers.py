"""Processes that replace each other, and the two ends of the protocol of a handover, spoken by a test."""
import array
import contextlib
import socket
import struct
import subprocess

from programs import DEADLINE_S, START_LINE, environment, server_path

ASK, DESCRIPTORS, OFFER, READY, LEAVE, GIVE_UP = range(1, 7)
CONTROL, CLIENTS = 1, 2
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
