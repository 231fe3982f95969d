"""hello-load's counts equal the lines that nginx writes to its access log, to the connection."""
import collections

import pytest

import factory
from clients import IPV6
from nginx import Nginx


@pytest.fixture
def nginx(tmp_path):
    yield from factory.each(lambda **options: Nginx(tmp_path, **options), Nginx.stop)


def test_nginx_logged_as_many_connections(nginx, report, engine, loop):
    """Both families side by side: "localhost" is both, without asking anybody."""
    one = nginx()
    measured = report(*loop, "-t", 1, "--family", "both", "-e", engine, f"localhost:{one.port}")
    assert (measured.code, measured.errors) == (0, {})
    visits = one.visits(measured.ok)
    assert len(visits) == measured.ok == measured.started
    hosts = collections.Counter(visit.host for visit in visits)
    assert {target["family"]: target["ok"] for target in measured.targets} == {
        "ipv4": hosts["127.0.0.1"], "ipv6": hosts["::1"]}
    assert {(visit.status, visit.bytes) for visit in visits} == {("200", "6")}
    assert abs(hosts["127.0.0.1"] - hosts["::1"]) <= 1


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_reads_each_connections_own_PROXY_header(nginx, report, engine, family, version):
    one = nginx(proxy_protocol=True)
    measured = report("-c", 20, "-n", 500, "--proxy-protocol", version, "-e", engine,
                  one.target(family))
    assert (measured.code, measured.ok) == (0, 500)
    visits = one.visits(500)
    assert len(visits) == 500
    for visit in visits:
        assert (visit.proxy_host, visit.proxy_port) == (visit.host, visit.port)
        assert (visit.proxy_server, visit.proxy_server_port) == (visit.server, str(one.port))


def test_nginx_takes_what_comes_after_a_PROXY_header_for_the_client_s(nginx, report, engine):
    """Unread, it makes nginx reset, maybe before its greeting is read: but it is well-formed."""
    one = nginx(proxy_protocol=True)
    report("-c", 1, "-n", 20, "--proxy-protocol", "v2", "--send", "hi", "-e", engine,
           one.target(IPV6))
    assert {visit.proxy_host for visit in one.visits(20)} == {"::1"}
