"""20,000 connections: the counts of the server, of its clients and of the kernel agree."""
import pytest

from clients import IPV4, IPV6
from programs import SANITIZED, totals

CONNECTIONS = 10_000 if SANITIZED else 20_000


@pytest.mark.parametrize("family, close", [(IPV4, "linger"), (IPV6, "swift")], ids=["ipv4-linger", "ipv6-swift"])
def test_server_and_client_and_kernel_agree_to_the_connection(server, load, engine, family, close):
    one = server("--engine", engine, "--close", close, "--workers", 2)
    result = load("-n", CONNECTIONS, "-c", 200, "-e", engine, family.flag, one.target(family))
    assert (result.code, result.started, result.ok) == (0, CONNECTIONS, CONNECTIONS)
    one.wait_until_idle()
    assert one.counters["TcpPassiveOpens"] == CONNECTIONS
    assert one.stop() == totals(greeted=CONNECTIONS)
