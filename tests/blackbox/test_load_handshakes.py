"""Handshakes that fail in each of the ways there are: both engines report the same phase and kind.

A firewall of this machine answers a SYN while the connect(2) that sends it still runs; one elsewhere,
or forged here, answers later. For programs these are two ways of learning of the same thing."""
import contextlib
import signal
import socket
import struct
import threading

import pytest

import factory
from clients import GREETING, IPV4, IPV6
from firewall import firewall
from kernel import Counters
from misbehaving import Listener, resets_after, says, target_of
from programs import wait_until

REFUSED, UNREACHABLE = {("connect", "refused"): 20}, {("connect", "unreachable"): 20}
SILENCE = {("connect", "connect_timeout"): 20}
TIMES = ("--connect-timeout", "300ms", "--timeout", "2s")

# What nft(8) knows to reject with, and what it makes of a connection
REJECTIONS = [
    (IPV4, "icmp type port-unreachable", REFUSED),
    (IPV4, "icmp type host-unreachable", UNREACHABLE),
    (IPV4, "icmp type net-unreachable", UNREACHABLE),
    (IPV4, "icmp type prot-unreachable", UNREACHABLE),
    (IPV4, "icmp type net-prohibited", UNREACHABLE),
    (IPV4, "icmp type host-prohibited", UNREACHABLE),
    (IPV4, "icmp type admin-prohibited", UNREACHABLE),
    (IPV4, "tcp reset", REFUSED),
    (IPV6, "icmpv6 type port-unreachable", REFUSED),
    (IPV6, "icmpv6 type addr-unreachable", UNREACHABLE),
    (IPV6, "icmpv6 type no-route", UNREACHABLE),
    (IPV6, "icmpv6 type admin-prohibited", UNREACHABLE),
    (IPV6, "icmpv6 type policy-fail", UNREACHABLE),
    (IPV6, "icmpv6 type reject-route", UNREACHABLE),
    (IPV6, "tcp reset", REFUSED),
]
rejections = pytest.mark.parametrize(
    "family, answer, expected", REJECTIONS,
    ids=[f"{family.name} {answer}" for family, answer, _ in REJECTIONS],
)

# Of ICMP: what a router may answer that nft does not send. (type, code), and the result
FORGERIES = [
    (IPV4, (3, 1), UNREACHABLE, "host unreachable"),
    (IPV4, (3, 3), REFUSED, "port unreachable"),
    (IPV4, (3, 4), SILENCE, "fragmentation needed"),  # it is news of the path, no error
    (IPV4, (3, 5), UNREACHABLE, "source route failed"),
    (IPV4, (3, 6), UNREACHABLE, "network unknown"),
    (IPV4, (3, 7), UNREACHABLE, "host unknown"),
    (IPV4, (3, 8), UNREACHABLE, "source host isolated"),
    (IPV4, (11, 0), UNREACHABLE, "time exceeded"),
    (IPV4, (12, 0), UNREACHABLE, "parameter problem"),
    (IPV6, (1, 3), UNREACHABLE, "address unreachable"),
    (IPV6, (1, 4), REFUSED, "port unreachable"),
    (IPV6, (2, 0), SILENCE, "packet too big"),
    (IPV6, (3, 0), UNREACHABLE, "time exceeded"),
    (IPV6, (4, 0), UNREACHABLE, "parameter problem"),
]


def syns(family, port, verdict):
    protocol = "ipv6" if family is IPV6 else "ipv4"
    return (f"meta nfproto {protocol} tcp dport {port} tcp flags & (syn | ack | rst) == syn"
            f" {verdict}")


@pytest.fixture
def outcome(report, engine):
    """outcome(target, *options): how 20 connections ended, {(phase, kind): count}."""

    def outcome_of(target, *options):
        measured = report("-n", 20, "-c", 20, "-e", engine, *TIMES, *options, target)
        assert measured.started == 20
        return {**measured.errors, **({"ok": measured.ok} if measured.ok else {})}

    return outcome_of


@rejections
def test_each_answer_of_a_firewall_is_one_kind(outcome, peer, family, answer, expected):
    one = peer(says(GREETING), family)
    with firewall(syns(family, one.port, f"reject with {answer}")):
        assert outcome(one.target) == expected


@rejections
def test_so_it_is_where_the_service_answered_until_then(start, engine, peer, family, answer,
                                                        expected):
    """The connections before gave no reason for doubt."""
    one = peer(says(GREETING), family)
    run = start("-r", "100/s", "-d", "1h", "-t", 1, "-e", engine, *TIMES, one.target)
    wait_until(lambda: len(one.accepted_at) >= 5, "some connections")
    with firewall(syns(family, one.port, f"reject with {answer}")):
        counters = Counters()
        wait_until(lambda: counters["TcpActiveOpens"] >= 60, "connections for longer than the timeout")
        run.process.send_signal(signal.SIGINT)
        measured = run.report()
    assert measured.ok >= 5 and set(measured.errors) == set(expected), measured.errors


@pytest.mark.parametrize("family, answer", [(IPV4, "icmp type port-unreachable"),
                                            (IPV6, "icmpv6 type port-unreachable")],
                         ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("after_it", ["accept", "drop"])
def test_the_first_answer_counts_whatever_a_second_syn_would_find(outcome, peer, family, answer,
                                                                 after_it):
    """As it does over a network, where the kernel gives up at once."""
    one = peer(says(GREETING), family)
    with firewall(syns(family, one.port, f"limit rate 1/hour burst 20 packets reject with {answer}"),
                  syns(family, one.port, after_it)):
        assert outcome(one.target) == REFUSED


def test_a_timeout_shorter_than_any_look_finds_the_same(outcome, peer):
    one = peer(says(GREETING))
    with firewall(syns(IPV4, one.port, "reject with icmp type host-unreachable")):
        assert outcome(one.target, "--connect-timeout", "5ms", "--timeout", "5ms") == UNREACHABLE


@pytest.mark.parametrize("options", [("--send", "hi"), ("--proxy-protocol", "v2"),
                                     ("--expect", "any"), ("--close", "rst")], ids=" ".join)
def test_whatever_is_to_be_said_and_heard(outcome, peer, family, options):
    one = peer(says(GREETING), family)
    word = "icmpv6" if family is IPV6 else "icmp"
    with firewall(syns(family, one.port, f"reject with {word} type port-unreachable")):
        assert outcome(one.target, *options) == REFUSED


def test_silence_is_a_timeout_of_the_handshake(outcome, peer, family):
    one = peer(says(GREETING), family)
    with firewall(syns(family, one.port, "drop")):
        assert outcome(one.target) == SILENCE


def test_an_icmp_error_after_the_handshake_is_none_of_it(outcome, peer, family):
    """The kernel goes on to try, and so does who waits for the greeting. The server never learns that
    there is somebody: what is rejected is the acknowledgement of its SYN."""
    one = peer(says(GREETING), family)
    word = "icmpv6" if family is IPV6 else "icmp"
    rule = (f"tcp dport {one.port} tcp flags & (syn | ack | fin | rst) == ack"
            f" reject with {word} type port-unreachable")
    with firewall(rule):
        assert outcome(one.target, "--timeout", "500ms") == {("greeting", "timeout"): 20}


def test_a_reset_after_the_handshake_is_one_of_the_greeting(outcome, peer, family):
    assert outcome(peer(resets_after(b""), family).target) == {("greeting", "reset"): 20}


def test_nobody_at_the_port_is_refused(outcome, family):
    with Listener(family) as nobody:
        assert outcome(nobody.target) == REFUSED


# What comes later than connect(2) is awaited


class Forger:
    """Answers each SYN to a port by an ICMP error, in the name of the host that it goes to."""

    def __init__(self, family, port, kind):
        self.family, self.port, self.kind = family, port, kind
        try:
            self.tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            protocol = socket.IPPROTO_ICMPV6 if family is IPV6 else socket.IPPROTO_ICMP
            self.out = socket.socket(family.number, socket.SOCK_RAW, protocol)
        except PermissionError as error:
            pytest.skip(f"cannot forge packets: {error}")
        self.tap.bind(("lo", 3))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _is_syn(self, packet):
        header = 40 if self.family is IPV6 else 20
        protocol = packet[6] if self.family is IPV6 else packet[9]
        if packet[0] >> 4 != (6 if self.family is IPV6 else 4) or protocol != socket.IPPROTO_TCP:
            return False
        (port,) = struct.unpack_from("!H", packet, header + 2)
        return port == self.port and packet[header + 13] & 0x17 == 0x02

    def _message(self, packet):
        message = struct.pack("!BBHI", *self.kind, 0, 1280) + packet
        if self.family is IPV4:  # for IPv6 the kernel fills in the checksum
            total = sum(struct.unpack(f"!{len(message) // 2}H", message))
            total = (total & 0xFFFF) + (total >> 16)
            total = (total & 0xFFFF) + (total >> 16)
            message = message[:2] + struct.pack("!H", ~total & 0xFFFF) + message[4:]
        return message

    def _serve(self):
        while True:
            packet, (_, _, kind, _, _) = self.tap.recvfrom(65536)
            if packet == b"stop":
                return
            if kind == socket.PACKET_OUTGOING and self._is_syn(packet):
                self.out.sendto(self._message(packet), (self.family.loopback, 0))

    def stop(self):
        with contextlib.closing(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)) as end:
            end.sendto(b"stop", ("lo", 0x88B5))  # an EtherType for experiments (RFC 7042)
        self.thread.join()
        self.tap.close()
        self.out.close()


@pytest.fixture
def forger():
    yield from factory.each(Forger, Forger.stop)


@pytest.mark.parametrize(
    "family, kind, expected", [row[:3] for row in FORGERIES],
    ids=[f"{family.name} {name}" for family, _, _, name in FORGERIES],
)
def test_each_icmp_error_that_comes_later_is_one_kind(outcome, forger, family, kind, expected):
    with Listener(family) as nobody:
        port = nobody.address[1]
        with firewall(f"tcp dport {port} drop"):
            forger(family, port, kind)
            assert outcome(target_of((family.loopback, port))) == expected
