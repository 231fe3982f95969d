"""Packets that the network loses between clients and servers of this namespace, by nft(8).

Each client address has a fate of its own, for what comes from it and what goes to it. Packets are
lost where they arrive, so that their sender believes that they were sent."""
import contextlib
import shutil
import subprocess

import pytest

from clients import IPV4, IPV6

_ADDRESS = {IPV4: "127.0.1.{}", IPV6: "2001:2:1::{}"}
_WORD = {IPV4: "ip", IPV6: "ip6"}
_TYPE = {IPV4: "ipv4_addr", IPV6: "ipv6_addr"}
_ADDRESSES = 9
_PERCENTS = (1, 5, 10, 20, 30)

# The sets of addresses, and what is lost of the packets from and to those that are in them.
_FATES = {"dark": "", **{f"poor_{percent}": f"numgen random mod 100 < {percent}" for percent in _PERCENTS}}


def address(family, number):
    """A client's address, number 1 to 9."""
    return _ADDRESS[family].format(number)


def _run(*command, stdin=None):
    result = subprocess.run(command, input=stdin, capture_output=True, text=True)
    return result.stderr.strip() if result.returncode else None


def _set_link(*words):
    error = _run("ip", "link", "set", "lo", *words)
    assert error is None, error


class Network:
    """What is lost. Nothing is, at first."""

    def __init__(self):
        if not shutil.which("nft"):
            pytest.skip("no nft here: install nftables")
        rules = "".join(
            f"set {name}_{_WORD[family]} {{ type {_TYPE[family]}; flags timeout; }}\n"
            for family in _WORD for name in _FATES
        )
        drops = "".join(
            f"{_WORD[family]} {end} @{name}_{_WORD[family]} {chance} drop\n"
            for family in _WORD for name, chance in _FATES.items() for end in ("saddr", "daddr")
        )
        refused = self._nft("table inet loss")
        if refused:
            pytest.skip(f"no packet filter here: {refused}")
        self._add(
            f"table inet loss {{ {rules} chain arriving {{"
            f" type filter hook prerouting priority 0;\n{drops} }}\n"
            " chain answering { type filter hook input priority 0; }\n}"
        )

    @staticmethod
    def _nft(script):
        return _run("nft", "-f", "-", stdin=script)

    def _add(self, script):
        error = self._nft(script)
        assert error is None, error

    def _doom(self, name, number, seconds):
        for family, word in _WORD.items():
            self._add(f"add element inet loss {name}_{word}"
                      f" {{ {address(family, number)} timeout {int(1000 * seconds)}ms }}")

    def lose(self, number, percent, seconds):
        """Lose so many of the packets from and to the client address of this number, by chance, from
        now on. A time is part of it: whatever chance brings, it is no worse than an outage as long."""
        self._doom(f"poor_{percent}", number, seconds)

    def outage(self, number, seconds):
        """Lose all packets from and to the client address of this number, from now on."""
        self._doom("dark", number, seconds)

    def outage_ends(self, number):
        for family, word in _WORD.items():
            self._add(f"delete element inet loss dark_{word} {{ {address(family, number)} }}")

    def prohibit(self, number):
        """Let a firewall on the way to the client say that it lets nothing through."""
        for family, word in _WORD.items():
            self._add(f"add rule inet loss answering {word} daddr {address(family, number)}"
                      " reject with icmpx type admin-prohibited")

    def end(self):
        self._nft("delete table inet loss")


@contextlib.contextmanager
def network():
    """A network with packets of the usual size, and client addresses."""
    one = Network()
    _set_link("mtu", "1500", "gso_max_segs", "1")
    for number in range(1, _ADDRESSES + 1):
        _run("ip", "address", "add", address(IPV6, number) + "/128", "dev", "lo", "nodad")
    try:
        yield one
    finally:
        one.end()
        _set_link("mtu", "65536", "gso_max_segs", "65535")
