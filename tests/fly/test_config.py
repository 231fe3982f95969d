"""fly.toml and its variants: what must hold between their values, and with those of the server."""
import os
import re
import signal
import subprocess
import tomllib

import pytest

import fly
import programs

INIT_DESCRIPTORS = 10240  # what a Machine's init leaves to the program that it starts
KILL_TIMEOUT_MAX_S = 300  # what Fly allows
GUEST_BYTES = 212188 * 1024  # what a guest of 256 MB sees of them
CONNECTION_BYTES = 5 * 1024  # what the kernel needs for one that is open
VARIANTS = ["fly.toml", "docs/fly/autostop.toml", "docs/fly/http.toml", "docs/fly/proxy-protocol.toml",
            "docs/fly/tls.toml"]
HANDLERS = {"docs/fly/http.toml": ["tls", "http"], "docs/fly/proxy-protocol.toml": ["proxy_proto"],
            "docs/fly/tls.toml": ["tls"]}  # of the others none


@pytest.fixture(params=VARIANTS)
def name(request):
    return request.param


@pytest.fixture
def config(name):
    return tomllib.loads((fly.TOP / name).read_text())


@pytest.fixture
def service(config):
    (one,) = config["services"]
    return one


def seconds(text):
    return float(re.fullmatch(r"([\d.]+)s", text)[1])


def server_config(environment, descriptors=INIT_DESCRIPTORS):
    """What hello-server makes of an environment, with so many descriptors."""
    return programs.server_config(env=environment, before=programs.limits(NOFILE=descriptors))


def test_all_variants_are_tested():
    found = {str(path.relative_to(fly.TOP)) for path in (fly.TOP / "docs/fly").glob("*.toml")}
    assert found | {"fly.toml"} == set(VARIANTS)


def test_the_port_is_the_server_s_inside_and_outside(config, service):
    """Outside it is that of browsers if they come."""
    (port,) = service["ports"]
    server_port = int(server_config(config["env"])["port"])
    assert service["internal_port"] == server_port
    assert port["port"] == (443 if "http" in port["handlers"] else server_port)


def test_the_proxy_speaks_only_what_the_variant_is_about(name, service):
    """Without a handler, the bytes are those of the client."""
    (port,) = service["ports"]
    assert service["protocol"] == "tcp"
    assert port["handlers"] == HANDLERS.get(name, [])
    assert port.get("proxy_proto_options", {}).get("version") == ("v2" if "proxy" in name else None)


def test_the_proxy_protocol_goes_with_linger(config, service):
    (port,) = service["ports"]
    if "proxy_proto" in port["handlers"]:
        assert server_config(config["env"])["close"] == "linger"


def test_the_server_waits_for_a_request_where_the_proxy_speaks_http_and_nowhere_else(config, service):
    (port,) = service["ports"]
    settings = server_config(config["env"])
    assert settings["answer"] == ("http" if "http" in port["handlers"] else "raw")
    assert settings["greet-after"] == ""


def test_the_check_is_a_request_where_clients_must_ask(config, service):
    asks = server_config(config["env"])["answer"] == "http"
    assert ("http_checks" in service, "tcp_checks" in service) == (asks, not asks)


def test_a_machine_is_killed_only_after_the_server_would_have_stopped(config):
    stopped_s = seconds(server_config(config["env"])["shutdown-timeout"])
    assert config["kill_signal"] in ("SIGTERM", "SIGINT")
    assert stopped_s < seconds(config["kill_timeout"]) <= KILL_TIMEOUT_MAX_S


def test_fly_reads_the_metrics_where_the_server_has_them(config, service):
    """On a port of their own, which no service leads to."""
    host, _, port = server_config(config["env"])["admin"].rpartition(":")
    assert (host, int(port), "/metrics") == ("0.0.0.0", config["metrics"]["port"], config["metrics"]["path"])
    assert config["metrics"]["port"] not in (service["internal_port"], *(one["port"] for one in service["ports"]))


def test_the_proxy_sends_no_more_connections_than_the_server_takes(config, service):
    limits = service["concurrency"]
    assert limits["type"] == "connections"
    assert limits["soft_limit"] < limits["hard_limit"]
    assert limits["hard_limit"] <= int(server_config(config["env"])["max-connections"])


def test_what_its_comment_says_of_the_server_is_so(name, config):
    """On a Machine, which has one CPU."""
    (documented,) = re.findall(r"the (\d+) that the server itself allows", (fly.TOP / name).read_text())
    assert documented == server_config({**config["env"], "HELLO_SERVER_WORKERS": "1"})["max-connections"]


def test_the_image_says_the_version_that_it_is_built_from():
    """Also where nothing sets it, as on Fly."""
    version = re.search(r"^project\(hello VERSION ([\d.]+)", (fly.TOP / "CMakeLists.txt").read_text(), re.M)
    assert f"\nARG VERSION={version[1]}\n" in (fly.TOP / "Dockerfile").read_text()


def test_as_many_connections_as_the_proxy_sends_fit_in_memory(config, service):
    (vm,) = config["vm"]
    assert vm["memory"] == "256mb"
    assert service["concurrency"]["hard_limit"] * CONNECTION_BYTES < GUEST_BYTES / 4


def test_the_kind_of_cpu_that_the_server_gets_is_that_of_the_machine(config):
    (vm,) = config["vm"]
    assert vm["size"].startswith(config["env"]["HELLO_SERVER_CPU_KIND"] + "-cpu-")


def test_the_environment_is_text_for_hello_server(config):
    assert all(variable.startswith("HELLO_SERVER_") for variable in config["env"])
    assert all(isinstance(value, str) for value in config["env"].values())


def test_a_check_leaves_time_for_the_stalls_of_a_shared_cpu(service):
    (check,) = service.get("tcp_checks") or service["http_checks"]
    assert 1 <= seconds(check["timeout"]) < seconds(check["interval"])
    assert seconds(check["grace_period"]) > 0


def test_what_stops_machines_also_starts_them(name, service):
    if "autostop" in name:
        assert service["min_machines_running"] == 0
        assert (service["auto_stop_machines"], service["auto_start_machines"]) == ("stop", True)
    else:
        assert service["auto_stop_machines"] == "off"


def test_a_machine_that_something_stopped_starts_for_the_next_client(service):
    assert service["auto_start_machines"] is True


def machine_check(service, environment):
    """Do what Fly does with it: run the command, against a Machine with this address."""
    (check,) = service["machine_checks"]
    *words, line = [*check["entrypoint"], *check["command"]]
    line = line.replace("/usr/local/bin/hello-load", os.environ["HELLO_LOAD"])
    return subprocess.run([*words, line], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True,
                          timeout=programs.DEADLINE_S)


@pytest.fixture
def machine(config, service):
    """machine(*options) starts the server as this variant does."""
    started = []

    def start(*options):
        started.append(programs.Server(*options, env={**config["env"], "HELLO_SERVER_ADMIN": "127.0.0.1:0"},
                                       port=str(service["internal_port"])))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def test_the_machine_check_reads_the_greeting_of_the_new_machine(machine, service):
    server = machine("--greeting", "hello\\n")
    done = machine_check(service, {"FLY_TEST_MACHINE_IP": "::1"})
    assert done.returncode == 0, done.stderr
    server.wait_until_idle()
    server.process.send_signal(signal.SIGTERM)
    assert " greeted=1 " in server.process.communicate(timeout=programs.DEADLINE_S)[0].decode()


def test_the_machine_check_fails_if_it_reads_something_else(machine, service):
    machine("--greeting", "moin")
    assert machine_check(service, {"FLY_TEST_MACHINE_IP": "::1"}).returncode == 3


def test_the_machine_check_fails_if_nobody_listens(service):
    assert machine_check(service, {"FLY_TEST_MACHINE_IP": "::1"}).returncode == 3


def test_a_machine_that_the_proxy_stopped_stays_stopped(config, service):
    (restart,) = config["restart"]
    assert (restart["policy"] == "on-failure") == (service["auto_stop_machines"] == "stop")


def test_deploying_is_rolling(config):
    assert config["deploy"]["strategy"] == "rolling"


def test_each_value_says_why(name):
    """A comment above, but for `protocol`, which can be nothing else."""
    lines = (fly.TOP / name).read_text().splitlines()
    keys = [(i, line.split("=")[0].strip()) for i, line in enumerate(lines)
            if re.match(r" *[a-z_A-Z]+ *=", line)]
    assert len(keys) > 15
    assert {key for i, key in keys if not lines[i - 1].strip().startswith("#")} == {"protocol"}


def test_the_command_in_its_comment_deploys_this_one(name, service):
    """By scripts/fly, unless the proxy speaks TLS: it reads raw greetings."""
    (port,) = service["ports"]
    text = (fly.TOP / name).read_text()
    command = re.search(r"^# To deploy it: (.*)$", text, re.MULTILINE)[1]
    program = "fly" if "tls" in port["handlers"] else "scripts/fly"
    option = "" if name == "fly.toml" else f" --config {name}"
    assert command == f"{program} deploy --app NAME{option}"
