"""A link to another network namespace, with a delay and losses that are known exactly."""
import contextlib
import ctypes
import os
import subprocess

import pytest

import kernel
from clients import IPV4, IPV6
from programs import DEADLINE_S

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

# Addresses for benchmarks (RFC 2544, RFC 5180): nobody else uses them.
_NEAR = {IPV4: "198.18.0.1", IPV6: "2001:2::1"}
_FAR = {IPV4: "198.18.0.2", IPV6: "2001:2::2"}
_PREFIX = {IPV4: 24, IPV6: 64}

# What arithmetic needs: SYNs repeated after 1 s and then 3 s on all kernels (since Linux 6.5 the
# first four come a second apart), and no memory of what earlier connections saw.
_SETTINGS = {"net/ipv4/tcp_syn_linear_timeouts": "0", "net/ipv4/tcp_no_metrics_save": "1"}


def _setns(namespace):
    if _libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*words, before=None):
    result = subprocess.run(["ip", *words], capture_output=True, text=True, preexec_fn=before)
    assert result.returncode == 0, (words, result.stderr)


def _settle():
    for name, value in _SETTINGS.items():
        with contextlib.suppress(FileNotFoundError), open("/proc/sys/" + name, "w") as setting:
            setting.write(value)


class Link:
    """From here to a namespace of its own: "there" is the way to it, "back" the way from it.

    loss: the share of all packets that is lost, by chance. lost_syns: {100: 1} loses the first SYN
    of every 100th connection that is opened from here, {1: 1000} all SYNs."""

    def __init__(self, there_ms=0, back_ms=0, loss=0, seed=1, lost_syns=None):
        rules = [f"{every}:{times}" for every, times in (lost_syns or {}).items()]
        numbers = (int(1000 * there_ms), int(1000 * back_ms), int(1_000_000 * loss), seed)
        self.namespace = None
        self.relay = subprocess.Popen(
            [_relay_path(), "near0", "far0", *map(str, numbers), *rules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        try:
            self._begin()
        except BaseException:
            self.kill()
            raise

    def _begin(self):
        line = self.relay.stdout.readline()
        if line != "relay: ready\n":
            _, error = self.relay.communicate(timeout=DEADLINE_S)
            pytest.skip(f"no link to another namespace: {error.strip()}")
        self.namespace = os.open(f"/proc/{self.relay.pid}/ns/net", os.O_RDONLY)
        _settle()
        with self.entered():
            _settle()
        for device, addresses, before in (("near0", _NEAR, None), ("far0", _FAR, self.enter)):
            for family, address in addresses.items():
                _ip("address", "add", f"{address}/{_PREFIX[family]}", "dev", device,
                    *(["nodad"] if family is IPV6 else []), before=before)
            _ip("link", "set", device, "txqueuelen", "20000", "up", before=before)
        _ip("link", "set", "lo", "up", before=self.enter)

    @property
    def pid(self):
        """A process in the namespace at the other end."""
        return self.relay.pid

    @staticmethod
    def far(family):
        """The same family, with the address of the other end for its loopback."""
        return family._replace(loopback=_FAR[family])

    @staticmethod
    def near(family):
        return family._replace(loopback=_NEAR[family])

    def enter(self):
        """Move the calling thread to the other end: a preexec_fn."""
        _setns(self.namespace)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is at the other end; sockets that it makes there stay there."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            self.enter()
            yield
        finally:
            _setns(here)
            os.close(here)

    def counters(self):
        """Of the other end, from now on."""
        return kernel.Counters(self.pid)

    def stop(self):
        """End the link. Returns what it did: carried, lost, syns_lost, overflowed, late, and by how much
        it was late with seven of eight packets at most: there_extra_us, back_extra_us."""
        output, error = self.relay.communicate(timeout=DEADLINE_S)
        assert self.relay.returncode == 0 and output.startswith("relay: "), (output, error)
        return {name: int(n) for name, n in (word.split("=") for word in output.split()[1:])}

    def kill(self):
        if self.relay.poll() is None:
            self.relay.kill()
            self.relay.communicate()
        if self.namespace is not None:
            os.close(self.namespace)
            self.namespace = None


def _relay_path():
    path = os.environ.get("HELLO_RELAY")
    if not path:
        pytest.skip("HELLO_RELAY does not name the program that delays packets")
    return path
