"""One connection from SYN to EOF, on uring."""
import pytest

import connections

# Each side waits once for each step of the other: server: accept, send (linger: half-close, EOF);
# client: socket, connect, EOF.
LEAST = {
    "linger": {"server": 2, "client": 3},
    "swift": {"server": 1, "client": 3},
}


@pytest.fixture(scope="module", name="run")
def fixture_run():
    return connections.run_all("uring")


def test_each_combination_ends_well(run):
    connections.expect_every_combination(run, "uring")


def test_both_sides_are_measured_separately(run):
    connections.expect_counters(run)


def test_system_calls_are_counted(run):
    connections.expect_system_calls(run, LEAST)
