"""What runs in a Machine finds the [env] of its configuration: hello-server, and whatever is started
there beside it."""
import json
import shlex
import subprocess

import pytest

import flyctl
import fly
from fly import APP, MACHINE_ID
from programs import DEADLINE_S

ADDRESS = "2001:db8::1848"  # for documentation (RFC 3849): only the Machine has it
pytestmark = pytest.mark.usefixtures("machines")


@pytest.fixture(params=["fly.toml", "docs/fly/autostop.toml", "docs/fly/proxy-protocol.toml"])
def variant(request):
    return request.param


def deployed(world, *more, variant="fly.toml"):
    """Deploy for real, as far as the stand-in can, from a host without a way to IPv6."""
    world.set(apps=[APP], ips=[flyctl.ip("v6", ADDRESS)], boots=True)
    world.write_config(1848, *more, variant=variant)
    return fly.run(world, "deploy")


def execute(world, *words):
    """The answer to `fly machine exec`."""
    return json.loads(subprocess.run(
        [world.bin / "flyctl", "machine", "exec", MACHINE_ID, shlex.join(words), "--app", APP,
         "--timeout", "20", "--json"],
        env=world.environment(), check=True, capture_output=True, timeout=DEADLINE_S).stdout)


def test_each_variant_is_verified_from_its_own_machine(world, variant):
    result = deployed(world, variant=variant)
    assert result.returncode == 0, result
    assert f"IPv6 {ADDRESS}, port 1848: greeted, seen from Machine {MACHINE_ID}" in result.stdout


@pytest.mark.parametrize("line", [
    'HELLO_CLOSE = "swift"', 'HELLO_SERVER_CLOSE = "swift"', 'HELLO_QUIET = "nonsense"',
    'HELLO_SERVER_QUIET = "no"', 'HELLO_ENGINE = "epoll"', 'HELLO_SERVER_LINGER_TIMEOUT = "1s"'])
def test_what_is_set_for_the_responder_does_not_stop_hello_load_beside_it(world, line):
    result = deployed(world, line)
    assert result.returncode == 0, result
    assert f"IPv6 {ADDRESS}, port 1848: greeted, seen from Machine" in result.stdout


def test_the_responder_and_what_is_run_beside_it_have_the_environment_of_the_configuration(world):
    assert deployed(world, 'HELLO_SERVER_GREETING = "moin"', 'HELLO_LOAD_COUNT = "3"',
                    'HELLO_LOAD_EXPECT = "moin"').returncode == 0
    answer = execute(world, "/usr/local/bin/hello-load", "-q", f"[{ADDRESS}]")
    assert answer.get("exit_code", 0) == 0 and " ok=3 " in answer["stdout"], answer
    answer = execute(world, "/usr/local/bin/hello-server", "--print-config")
    assert "greeting=moin  # $HELLO_SERVER_GREETING\n" in answer["stdout"]
    assert "platform.region=iad  # $FLY_REGION\n" in answer["stdout"]
