"""Both programs in one environment, as in a container or a Machine in which both are."""
import os

import pytest

from clients import IPV4
from programs import run, server_config_and_sources, server_path, totals

BOTH = {  # what one would set for a responder and a generator that share a container
    "HELLO_SERVER_CLOSE": "swift", "HELLO_SERVER_QUIET": "no", "HELLO_SERVER_WORKERS": "1",
    "HELLO_LOAD_CLOSE": "rst", "HELLO_LOAD_COUNT": "7", "HELLO_LOAD_CONNECTIONS": "2",
    "HELLO_ENGINE": "epoll",
}
KUBERNETES = {  # of services called hello, hello-server and hello-load
    service + name: value
    for service in ("HELLO", "HELLO_SERVER", "HELLO_LOAD")
    for name, value in {
        "_SERVICE_HOST": "10.0.0.1", "_SERVICE_PORT": "1848", "_SERVICE_PORT_TCP": "1848",
        "_PORT": "tcp://10.0.0.1:1848", "_PORT_1848_TCP": "tcp://10.0.0.1:1848",
        "_PORT_1848_TCP_PROTO": "tcp", "_PORT_1848_TCP_PORT": "1848",
        "_PORT_1848_TCP_ADDR": "10.0.0.1",
    }.items()
}


def hello_load(*args, **options):
    return run(os.environ["HELLO_LOAD"], "--no-live", *args, **options)


def test_each_program_takes_what_is_meant_for_it(server, load):
    one = server(env=BOTH)
    assert (one.close, one.workers, one.engine) == ("swift", 1, "epoll")
    run_ = load(one.target(IPV4), env=BOTH)
    assert (run_.line["close"], run_.ok, run_.stderr) == ("rst", 7, "")
    assert one.stop(warnings=0)["accepted"] == 7


@pytest.mark.parametrize("value, named_by", [
    ("linger", "server"), ("swift", "server"), ("fin", "load"), ("rst", "load"), ("other", None)])
def test_a_name_that_means_two_things_stops_nobody_and_is_named_where_it_was_meant(
        server, value, named_by):
    env = {"HELLO_CLOSE": value}
    one = server(env=env)
    assert one.close == "linger"
    result = hello_load("-n", 1, one.target(IPV4), env=env)
    assert result.returncode == 0 and " close=fin " in result.stdout
    for program, lines in (("server", one.stderr()), ("load", result.stderr.splitlines())):
        own = f"HELLO_{program.upper()}_CLOSE"
        assert [line for line in lines if own in line] == lines
        assert len(lines) == (1 if program == named_by else 0), lines
        assert all(line.startswith(f"hello-{program}: warning: HELLO_CLOSE ") for line in lines)


def test_what_kubernetes_sets_for_services_stops_nobody_and_is_no_noise(server):
    one = server(port=None, env={**KUBERNETES, "PORT": "0"})
    result = hello_load("-n", 1, one.target(IPV4), env=KUBERNETES)
    assert (result.returncode, result.stderr) == (0, "")
    assert one.stop(warnings=0) == totals(greeted=1)


def test_a_misspelt_variable_is_named_with_what_was_meant(server):
    env = {"HELLO_GREETNG": "moin", "HELLO_LOAD_DURATOIN": "1h", "HELLO_LOG_LEVEL": "debug"}
    one = server(env=env)
    assert one.stderr() == ["hello-server: warning: HELLO_GREETNG sets nothing; did you mean"
                            " HELLO_SERVER_GREETING? see --help"]
    result = hello_load("-n", 1, one.target(IPV4), env=env)
    assert result.returncode == 0
    assert result.stderr == ("hello-load: warning: HELLO_LOAD_DURATOIN sets nothing; did you mean"
                             " HELLO_LOAD_DURATION? see --help\n")


def test_quiet_leaves_no_warning_of_variables(server):
    env = {"HELLO_SERVER_GREETNG": "moin", "HELLO_LOAD_DURATOIN": "1h", "HELLO_CLOSE": "rst"}
    result = hello_load("-q", "-n", 1, server(env=env).target(IPV4), env=env)
    assert (result.returncode, result.stderr) == (0, "")


def test_many_misspelt_variables_are_counted():
    env = {f"HELLO_SERVER_NO_{number}": "1" for number in range(50)}
    lines = run(server_path(), "--print-config", env=env).stderr.splitlines()
    assert len(lines) == 5 and lines[-1].endswith("46 more variables set nothing")


def test_print_config_names_the_variable_that_holds():
    settings = server_config_and_sources(env={
        "HELLO_SERVER_WORKERS": "2", "HELLO_WORKERS": "3", "HELLO_BACKLOG": "9", "PORT": "7000"})
    assert settings["workers"] == ("2", "$HELLO_SERVER_WORKERS")
    assert settings["backlog"] == ("9", "$HELLO_BACKLOG")
    assert settings["port"] == ("7000", "$PORT")
