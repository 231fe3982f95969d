"""1,000,000 connections leave no trace in memory, and server, client and kernel agree on each of them."""
import pytest

from clients import FAMILIES
from kernel import rss_bytes
from programs import SANITIZED, totals

RSS_MAX_BYTES = 8 << 20
# The slots of connections that are open at once, for 100 ms each: some 100 bytes, and more in one round
# than in another. A leak of a single byte per connection would be more.
NOISE_BYTES = 512 << 10


@pytest.mark.slow
def test_a_million_connections_do_not_grow_the_memory(server, load, engine):
    if SANITIZED:
        pytest.skip("a sanitizer's memory is not the server's")
    one = server("--engine", engine, "--workers", 2)
    rss = []
    for number in range(10):
        family = FAMILIES[number % 2]
        result = load("-n", 100_000, "-c", 200, "-e", engine, family.flag, one.target(family))
        assert (result.code, result.started, result.ok) == (0, 100_000, 100_000), result.stdout
        rss.append(rss_bytes(one.pid))
    assert rss[-1] - rss[0] <= NOISE_BYTES, rss
    assert max(rss) < RSS_MAX_BYTES, rss
    one.wait_until_idle()
    assert one.counters["TcpPassiveOpens"] == 1_000_000
    assert one.stop() == totals(greeted=1_000_000)
