"""Servers in the test itself: they answer as each test needs, and record what came to them.

An answer is a function that is given a connection; when it returns, the connection is closed."""
import contextlib
import ipaddress
import socket
import struct
import threading
import time

from clients import GREETING, IPV4, close_all
from programs import ahead_of_others


def target_of(address):
    """An address and port as one types them."""
    host = ipaddress.ip_address(address[0])
    return f"[{host}]:{address[1]}" if host.version == 6 else f"{host}:{address[1]}"


class Peer:
    """Gives each connection to `answer`, in a thread of its own if `at_once`.

    ahead: it runs before other processes, where that is allowed."""

    def __init__(self, answer, family=IPV4, link=None, at_once=False, ahead=False):
        with link.entered() if link else contextlib.nullcontext():
            self.sock = socket.socket(family.number)
        self.sock.bind((family.loopback, 0))
        self.sock.listen(5000)
        self.address = self.sock.getsockname()[:2]
        self.port = self.address[1]
        self.target = target_of(self.address)
        self.answer = answer
        self.at_once, self.ahead = at_once, ahead
        self.accepted_at = []  # monotonic seconds
        self.held = []
        self.thread = threading.Thread(target=self._serve, daemon=True)  # keeps no test from its end
        self.thread.start()

    def _serve(self):
        if self.ahead:
            ahead_of_others()  # this thread, and those that it starts
        with contextlib.suppress(OSError):  # accept fails once the test is over
            while True:
                connection, _ = self.sock.accept()
                self.accepted_at.append(time.monotonic())
                if self.at_once:
                    threading.Thread(target=self._answer, args=[connection]).start()
                else:
                    self._answer(connection)

    def _answer(self, connection):
        with contextlib.suppress(OSError):  # the other side may have gone
            self.answer(connection)
        if connection not in self.held:
            connection.close()

    def hold(self, connection):
        """Keep a connection open until the end of the test."""
        self.held.append(connection)

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.sock.close()
        close_all(self.held)


# Answers


def says(data):
    return lambda connection: connection.sendall(data)


def resets_after(data, pause_s=0):
    """The pause lets the client read what there is, and notice that it was connected."""

    def answer(connection):
        connection.sendall(data)
        time.sleep(pause_s)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


def says_in_pieces(data, pause_s=0):
    def answer(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause_s)

    return answer


def waits_then_says(before_s, data=GREETING, after_s=0):
    def answer(connection):
        time.sleep(before_s)
        connection.sendall(data)
        time.sleep(after_s)

    return answer


class Listener:
    """Sockets that the kernel answers for, or not: nobody accepts."""

    def __init__(self, family=IPV4, backlog=None):
        self.sock = socket.socket(family.number)
        self.sock.bind((family.loopback, 0))
        self.address = self.sock.getsockname()[:2]
        self.target = target_of(self.address)
        self.clients = []
        if backlog is not None:
            self.sock.listen(backlog)

    def fill(self):
        """Fill the accept queue, so that the kernel drops all further SYNs."""
        while True:
            client = socket.socket(self.sock.family)
            self.clients.append(client)
            client.settimeout(0.2)
            try:
                client.connect(self.address)
            except TimeoutError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        close_all([self.sock, *self.clients])
