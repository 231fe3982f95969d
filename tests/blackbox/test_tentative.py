"""An IPv6 address that was just added, and others that cannot be listened on: each gets a true message."""
import contextlib
import signal
import subprocess
import time

import pytest

from programs import run, server_path

ADDRESS = "2001:2:0:7::99"  # of the block for benchmarks (RFC 5180): nobody else uses it


def ip(*words):
    result = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert result.returncode == 0, (words, result.stderr)


@pytest.fixture
def interface():
    """An interface that checks its addresses; its link is up if its peer is."""
    ip("link", "add", "dad0", "type", "veth", "peer", "name", "dad1")
    ip("link", "set", "dad0", "up")
    yield "dad0"
    with contextlib.suppress(AssertionError):
        ip("link", "delete", "dad0")


def is_tentative():
    listed = subprocess.run(["ip", "-6", "-o", "address", "show", "to", ADDRESS], capture_output=True, text=True).stdout
    return " tentative" in listed


def test_an_address_that_is_still_checked_is_waited_for(server, engine, interface):
    ip("link", "set", "dad1", "up")
    ip("address", "add", f"{ADDRESS}/64", "dev", interface)
    one = server("--engine", engine, "--listen", f"[{ADDRESS}]:0", port=None)
    assert not is_tentative() and one.host == ADDRESS
    lines = one.stderr()
    assert len(lines) <= 1 and all(f"waiting for '[{ADDRESS}]:0': dad0" in line for line in lines)
    one.stop(warnings=None, all_accepted=False)


def test_an_address_whose_check_does_not_end_is_reported_as_what_it_is(interface):
    ip("address", "add", f"{ADDRESS}/64", "dev", interface)  # without a link it stays tentative
    if not is_tentative():
        pytest.skip("this kernel checks no address without a link")
    done = run(server_path(), "--listen", f"[{ADDRESS}]:0")
    assert done.returncode == 1
    waiting, failed = done.stderr.splitlines()
    assert "waiting for" in waiting and "dad0 still checks that no other host has it" in failed
    assert "no interface has" not in failed


def test_waiting_ends_with_a_stop(interface):
    ip("address", "add", f"{ADDRESS}/64", "dev", interface)
    if not is_tentative():
        pytest.skip("this kernel checks no address without a link")
    process = subprocess.Popen([server_path(), "--listen", f"[{ADDRESS}]:0"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        assert "waiting for" in process.stderr.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
        assert time.monotonic() - began < 4 or output  # it did not wait for the end of the check
        assert process.returncode == 0 and output.startswith("hello-server: stopped accepted=0 ")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.parametrize("address, said", [
    ("[2001:2:0:7::1]:0", "no interface has this address"),
    ("192.0.2.1:0", "no interface has this address"),
    ("240.0.0.1:0", "no interface has this address"),
])
def test_other_addresses_are_reported_as_what_they_are(address, said):
    done = run(server_path(), "--listen", address)
    assert done.returncode == 1 and said in done.stderr, done
