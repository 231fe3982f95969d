"""Clients that are written independently of the programs under test."""
import array
import collections
import errno
import fcntl
import heapq
import select
import socket
import struct
import termios
import time

import pytest

from programs import DEADLINE_S, wait_until

GREETING = b"hello\n"

Family = collections.namedtuple("Family", "name number loopback flag")
IPV4 = Family("ipv4", socket.AF_INET, "127.0.0.1", "-4")
IPV6 = Family("ipv6", socket.AF_INET6, "::1", "-6")
FAMILIES = (IPV4, IPV6)


# One client


def socket_for(address, window_bytes=None):
    host = address[0]
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    if window_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
    return sock


def connect(address, window_bytes=None, within=DEADLINE_S):
    sock = socket_for(address, window_bytes)
    sock.settimeout(within)
    sock.connect(address)
    return sock


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"EOF after {len(data)} of {count} bytes"
        data += part
    return data


def read_to_end(sock):
    """All that the server sends, up to its EOF; the socket is closed then."""
    with sock:
        parts = []
        while part := sock.recv(1 << 16):
            parts.append(part)
        return b"".join(parts)


def visit(address, **options):
    """Connect, and return all that the server sends."""
    return read_to_end(connect(address, **options))


def reset(sock):
    """Close with an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def refuses(address):
    """True if nobody listens at an address."""
    try:
        connect(address).close()
    except ConnectionRefusedError:
        return True
    return False


def count_with_data(socks):
    poll = select.poll()
    for sock in socks:
        poll.register(sock, select.POLLIN)
    return len(poll.poll(0))


def wait_until_acknowledged(sock):
    """Wait until the kernel at the other end has everything that was sent."""

    def unacknowledged():
        bytes_left = array.array("i", [0])
        fcntl.ioctl(sock, termios.TIOCOUTQ, bytes_left)
        return bytes_left[0]

    wait_until(lambda: unacknowledged() == 0, "the sent bytes to be acknowledged")


def close_all(socks):
    for sock in socks:
        sock.close()


def need_descriptors(count):
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit < count:
        pytest.skip(f"needs {count} descriptors, the limit is {limit}")


# Many clients at once
#
# A script is what one client does: a generator that gets its (non-blocking, connecting) socket. It
# yields to wait for news of the socket, or yields a number to pause that many seconds, and returns
# what became of it in a word. It tries first and yields on BlockingIOError, since news come once.


def reading(sock, most_bytes=1 << 16):
    while True:
        try:
            return sock.recv(most_bytes)
        except BlockingIOError:
            yield


def sending(sock, data):
    while data:
        try:
            data = data[sock.send(data):]
        except BlockingIOError:
            yield


def expecting(sock, greeting):
    """Read exactly the greeting, then EOF."""
    got = b""
    while part := (yield from reading(sock)):
        got += part
        if not greeting.startswith(got):
            return f"wrong bytes: {got[:40]!r}"
    return "greeted" if got == greeting else f"EOF after {len(got)} bytes"


def silent_client(greeting=GREETING):
    def script(sock):
        return (yield from expecting(sock, greeting))

    return script


def talkative_client(words, greeting=GREETING):
    """Sends at once, then reads."""

    def script(sock):
        yield from sending(sock, words)
        return (yield from expecting(sock, greeting))

    return script


def late_client(words, pause_s, greeting=GREETING):
    """Reads all, and talks when nobody expects it any more."""

    def script(sock):
        outcome = yield from expecting(sock, greeting)
        yield pause_s
        yield from sending(sock, words)
        sock.shutdown(socket.SHUT_WR)
        yield from reading(sock)  # raises if the server reset the connection
        return outcome

    return script


class Crowd:
    """Runs copies of a script, some at a time, and counts what became of them."""

    def __init__(self, address, script):
        self.address = address
        self.script = script
        self.outcomes = collections.Counter()
        self.poll = select.epoll()
        self.clients = {}  # descriptor -> (script, socket)
        self.pauses = []  # heap of (time, descriptor)
        self.pausing = set()

    def start(self, sock):
        sock.setblocking(False)
        error = sock.connect_ex(self.address)
        if error not in (0, errno.EINPROGRESS):
            self.outcomes[errno.errorcode[error]] += 1
            sock.close()
            return
        self.clients[sock.fileno()] = (self.script(sock), sock)
        self.poll.register(sock, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def resume(self, descriptor):
        script, sock = self.clients[descriptor]
        try:
            pause_s = next(script)
            if pause_s:
                self.pausing.add(descriptor)
                heapq.heappush(self.pauses, (time.monotonic() + pause_s, descriptor))
            return
        except StopIteration as end:
            outcome = end.value
        except OSError as error:
            outcome = errno.errorcode[error.errno]
        self.outcomes[outcome] += 1
        del self.clients[descriptor]
        sock.close()

    def step(self):
        now = time.monotonic()
        while self.pauses and self.pauses[0][0] <= now:
            descriptor = heapq.heappop(self.pauses)[1]
            self.pausing.remove(descriptor)
            self.resume(descriptor)
        timeout = max(0, self.pauses[0][0] - now) if self.pauses else 0.1
        for descriptor, _ in self.poll.poll(min(timeout, 0.1)):
            if descriptor in self.clients and descriptor not in self.pausing:
                self.resume(descriptor)

    def run(self, count, in_flight, within, window_bytes):
        deadline = time.monotonic() + within
        while (count or self.clients) and time.monotonic() < deadline:
            while count and len(self.clients) < in_flight:
                self.start(socket_for(self.address, window_bytes))
                count -= 1
            self.step()
        if count or self.clients:
            self.outcomes["unfinished"] = count + len(self.clients)
        close_all(sock for _, sock in self.clients.values())
        self.poll.close()
        return dict(self.outcomes)


def crowd(address, count, script=None, in_flight=400, within=6 * DEADLINE_S, window_bytes=None):
    """Run `count` clients and return how many ended how, {"greeted": 10000} if all is well."""
    return Crowd(address, script or silent_client()).run(count, in_flight, within, window_bytes)
