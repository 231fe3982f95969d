"""Servers that are started at the same moment: one has the port, and no client is divided."""
import contextlib
import os
import select
import socket
import subprocess

import pytest

from clients import GREETING, IPV4, IPV6, connect, crowd, read_to_end
from programs import DEADLINE_S, environment, server_path

PAIRS = 60  # in the race that nothing holds up
OVERLAPPING = [
    ("127.0.0.1", "127.0.0.1"), ("[::1]", "[::1]"), ("[::]", "[::]"),
    ("[::]", "0.0.0.0"), ("0.0.0.0", "[::]"), ("[::]", "127.0.0.1"), ("[::1]", "[::]"),
]


class Started:
    """A hello-server that may never listen. shim: it is held before one call of listen(2).
    gate: a descriptor; it starts once that is at its end."""

    def __init__(self, *args, shim=None, call=0, gate=subprocess.DEVNULL):
        reached, self.held = os.pipe(), os.pipe()
        self.reached = reached[0]
        hold = {"LD_PRELOAD": shim, "FAULT_FUNCTION": "listen", "FAULT_CALL": str(call),
                "FAULT_REPORT": str(reached[1]), "FAULT_HOLD": str(self.held[0])}
        self.process = subprocess.Popen(
            ["sh", "-c", 'read -r _; exec "$@"', "sh", server_path(), *map(str, args)],
            env=environment(hold if shim else None),
            pass_fds=(reached[1], self.held[0]), stdin=gate,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        os.close(reached[1])
        os.close(self.held[0])

    def wait_until_held(self):
        assert select.select([self.reached], [], [], DEADLINE_S)[0]
        assert os.read(self.reached, 1) == b"!", self.process.communicate(timeout=DEADLINE_S)

    def release(self):
        if self.held:
            os.close(self.held[1])
        self.held = None

    def listens(self):
        """Wait for what becomes of it: True, or False if it has ended."""
        assert select.select([self.process.stdout], [], [], DEADLINE_S)[0]
        return self.process.stdout.readline().startswith("hello-server: listening on ")

    def end(self):
        self.release()
        if self.process.poll() is None:
            self.process.terminate()
        output = self.process.communicate(timeout=DEADLINE_S)
        os.close(self.reached)
        return self.process.returncode, *output


@contextlib.contextmanager
def started(*servers):
    try:
        yield servers
    finally:
        for one in servers:
            if one.process.poll() is None:
                one.process.kill()
                one.process.communicate()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@pytest.mark.parametrize("first, second", OVERLAPPING)
def test_of_two_that_bind_before_either_listens_the_second_to_listen_fails(shim, first, second):
    port = free_port()
    with started(Started("--listen", first, port, shim=shim),
                 Started("--listen", second, port, shim=shim)) as pair:
        for one in pair:
            one.wait_until_held()
        for one in pair:
            one.release()
            one.came_up = one.listens()
        assert [one.came_up for one in pair] == [True, False]
        code, _, error = pair[1].end()
        assert code == 1 and "in use" in error, error
        assert pair[0].end()[0] == 0


def test_of_many_pairs_started_at_the_same_moment_never_do_both_listen():
    for _ in range(PAIRS):
        port, gate = free_port(), os.pipe()
        with started(*(Started("--workers", 1, port, gate=gate[0]) for _ in range(2))) as pair:
            os.close(gate[0])
            os.close(gate[1])
            assert sorted(one.listens() for one in pair) == [False, True]
            assert sorted(one.end()[0] for one in pair) == [0, 1]


@pytest.mark.parametrize("listen, families", [
    ("0.0.0.0", [IPV4]), ("[::1]", [IPV6]), ("[::]", [IPV4, IPV6]),
])
def test_clients_that_come_while_the_listeners_are_opened_are_greeted(
    shim, engine, listen, families
):
    """The first listener has the port before the others have joined it."""
    port = free_port()
    options = ("--engine", engine, "--workers", 3, "--listen", listen, port)
    with started(Started(*options, shim=shim, call=1)) as (one,):
        one.wait_until_held()
        early = [connect((family.loopback, port)) for family in families for _ in range(50)]
        one.release()
        assert one.listens()
        assert [read_to_end(sock) for sock in early] == [GREETING] * len(early)
        for family in families:
            assert crowd((family.loopback, port), 500) == {"greeted": 500}
        count = len(early) + 500 * len(families)
        code, output, error = one.end()
        assert (code, error) == (0, "") and f"accepted={count} greeted={count} " in output, output
