"""A packet filter in the network namespace of the tests (nftables)."""
import contextlib
import subprocess

import pytest

TABLE = "hello_test"


def _nft(script):
    try:
        result = subprocess.run(["nft", "-f", "-"], input=script, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no nft: install nftables")
    if result.returncode != 0:
        pytest.skip(f"no packet filter here: {result.stderr.strip()}")


@contextlib.contextmanager
def firewall(*rules):
    """What comes in over loopback goes through these rules, as nft(8) writes them."""
    chain = "type filter hook input priority 0;"
    lines = "".join(f"        {rule}\n" for rule in rules)
    _nft(f"table inet {TABLE} {{\n    chain incoming {{\n        {chain}\n{lines}    }}\n}}\n")
    try:
        yield
    finally:
        _nft(f"delete table inet {TABLE}\n")
