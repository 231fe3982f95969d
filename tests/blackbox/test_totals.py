"""100,000 connections: the counts of the server, of its clients and of the kernel agree."""
from programs import SANITIZED, totals

CONNECTIONS = 10_000 if SANITIZED else 100_000


def test_server_and_client_and_kernel_agree_to_the_connection(server, load, engine, family, close):
    one = server("--engine", engine, "--close", close, "--workers", 2)
    result = load("-n", CONNECTIONS, "-c", 200, "-e", engine, family.flag, one.target(family))
    assert (result.code, result.started, result.ok) == (0, CONNECTIONS, CONNECTIONS)
    one.wait_until_idle()
    assert one.counters["TcpPassiveOpens"] == CONNECTIONS
    assert one.stop() == totals(greeted=CONNECTIONS)
