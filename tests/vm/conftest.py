"""What the tests of virtual machines share."""
import json

import pytest

from machine import MACHINES, make_network


@pytest.fixture(scope="session")
def network():
    make_network()


@pytest.fixture(scope="session")
def figures():
    """{kernel: {name: number}}, kept and printed in the end."""
    found = {}
    yield found
    (MACHINES / "figures.json").write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
