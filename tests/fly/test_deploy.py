"""scripts/fly deploy: from nothing to a greeting that was really read."""
import os
import re
import signal

import pytest

import fly
from clients import GREETING, IPV6
from fly import (
    ALLOCATE_V4, ALLOCATE_V6, APP, CREATE, MACHINE_ID, V4, V6, changes, config_command, deploy_command,
)
from misbehaving import says
from programs import DEADLINE_S, wait_until

NOWHERE = "2001:db8::1"  # for documentation (RFC 3849), and no way leads there from a test
# Makes of a Linux Python one that has only what macOS has, too.
LESS = """
import builtins, os, select, signal, socket
for module, names in ((os, "sched_getaffinity sched_setaffinity memfd_create pidfd_open eventfd getrandom splice "
                           "copy_file_range posix_fadvise posix_fallocate pipe2 sched_getscheduler setresuid"),
                      (select, "epoll"), (signal, "sigtimedwait sigwaitinfo SIGRTMIN SIGSTKFLT pidfd_send_signal"),
                      (socket, "SOCK_CLOEXEC SOCK_NONBLOCK AF_NETLINK AF_PACKET SO_BINDTODEVICE TCP_USER_TIMEOUT")):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
real_open = builtins.open
def open_no_proc(file, *words, **options):
    if str(file).startswith(("/proc", "/sys", "/dev/shm")):
        raise FileNotFoundError(2, "not on macOS", str(file))
    return real_open(file, *words, **options)
builtins.open = open_no_proc
"""
NO_TOKEN = "no access token available. Please login with 'flyctl auth login'"


def deploy(world, *options, code=0):
    result = fly.run(world, "deploy", *options)
    assert result.returncode == code, result
    return result


def fails(world, *options, code=1):
    """Its last words."""
    result = deploy(world, *options, code=code)
    assert "Next: " not in result.stdout
    return result.stderr


# What it does


def test_the_first_time_it_makes_what_is_missing_and_reads_the_greeting(world, server):
    one = server()
    result = deploy(world)
    assert fly.asked(world) == [
        "auth whoami --json",
        "apps list --json",
        CREATE,
        config_command(world),
        f"ips list --app {APP} --json",
        ALLOCATE_V6,
        deploy_command(world),
        f"ips list --app {APP} --json",
    ]
    assert result.stdout == (f'IPv6 {V6}, port {one.port}: read "hello\\n"\n'
                             f"Next: nc -6 {APP}.fly.dev {one.port} </dev/null\n")
    one.wait_until_idle()
    assert one.stop()["greeted"] == 1


def test_to_run_it_again_makes_nothing_again(world, server):
    one = server()
    deploy(world)
    before = len(changes(world))
    result = deploy(world)
    assert changes(world)[before:] == [deploy_command(world)]
    assert 'read "hello\\n"' in result.stdout
    one.wait_until_idle()
    assert one.stop()["greeted"] == 2


def test_each_command_that_changes_something_is_shown(world, server):
    server()
    shown = re.findall(r"^\+ flyctl (.*)$", deploy(world).stderr, re.MULTILINE)
    assert shown == changes(world) == [CREATE, ALLOCATE_V6, deploy_command(world)]


def test_a_dry_run_shows_each_command_and_changes_nothing(world):
    result = deploy(world, "--dry-run", "--ipv4", "yes", "--org", "jos-friends")
    assert changes(world) == []
    assert world["apps"] == [] and world["ips"] == []
    assert re.findall(r"^\+ flyctl (.*)$", result.stderr, re.MULTILINE) == [
        "auth whoami --json",
        "apps list --json",
        f"{CREATE} --org jos-friends",
        config_command(world),
        ALLOCATE_V6,
        ALLOCATE_V4,
        deploy_command(world),
    ]
    assert result.stdout == ""


def test_a_dry_run_of_what_is_there_shows_what_would_change(world):
    world.deployed(("v6", V6))
    result = deploy(world, "--dry-run")
    assert changes(world) == []
    assert "allocate-v6" not in result.stderr
    assert f"+ flyctl {deploy_command(world)}\n" in result.stderr


def test_the_organization_is_passed_on(world, server):
    server()
    deploy(world, "--org", "jos-friends")
    assert f"{CREATE} --org jos-friends" in changes(world)


def test_a_region_is_passed_on(world, server):
    server()
    deploy(world, "--region", "ams")
    assert changes(world)[-1] == f"{deploy_command(world)} --primary-region ams"
    assert [one["region"] for one in world["machines"]] == ["ams"]


def deployed_with(world):
    """What the configuration said that was deployed: [[vm]], and the kind of CPU."""
    (one,) = world["machines"]
    return one["config"]["vm"], one["config"]["env"]["HELLO_SERVER_CPU_KIND"]


def test_without_a_size_it_is_that_of_the_configuration(world, server):
    server()
    deploy(world)
    assert deployed_with(world) == ([{"size": "shared-cpu-1x", "memory": "256mb"}], "shared")


@pytest.mark.parametrize("size, kind", [("shared-cpu-2x", "shared"), ("performance-1x", "dedicated")])
def test_a_size_comes_with_its_own_memory_and_kind_of_cpu(world, server, size, kind):
    server()
    deploy(world, "--size", size)
    assert deployed_with(world) == ([{"size": size}], kind)


def test_a_size_leaves_the_configuration_as_it_is_and_no_copy_of_it(world, server):
    server()
    before = world.config.read_text(), sorted(world.directory.iterdir())
    deploy(world, "--size", "shared-cpu-2x")
    assert (world.config.read_text(), sorted(world.directory.iterdir())) == before


def test_a_size_changes_no_other_table(world, server):
    server()
    world.config.write_text(world.config.read_text().replace('size = "shared-cpu-1x"', "size = 'shared-cpu-1x' # small")
                            + '\n[other]\n  size = "10gb"\n  memory = "1gb"\n')
    deploy(world, "--size", "shared-cpu-8x")
    (one,) = world["machines"]
    assert one["config"]["vm"] == [{"size": "shared-cpu-8x"}]
    assert one["other"] == {"size": "10gb", "memory": "1gb"}


@pytest.mark.parametrize("vm", ["", '[[vm]]\n  memory = "1gb"\n', '[[vm]]\n  size = "a"\n[[vm]]\n  size = "b"\n'])
def test_a_size_needs_a_single_one_to_replace(world, server, vm):
    server()
    text = world.config.read_text()
    world.config.write_text(text.rpartition("[[vm]]")[0] + vm)
    assert "write the size there yourself" in fails(world, "--size", "shared-cpu-2x")
    assert changes(world) == []


@pytest.mark.parametrize("option, value", [("--size", "huge"), ("--size", "shared-cpu-0x"), ("--region", "Paris")])
def test_what_is_no_size_or_region_is_wrong_usage(world, option, value):
    assert f"'{value}' is no {option[2:]}; " in fails(world, option, value, code=2)
    assert fly.asked(world) == []


def test_it_works_without_what_only_linux_has(world, server, tmp_path):
    server()
    (tmp_path / "less").mkdir()
    (tmp_path / "less/sitecustomize.py").write_text(LESS)
    result = fly.run_words(world, *fly.command(world, "deploy", "--size", "shared-cpu-2x")[1:],
                           PYTHONPATH=str(tmp_path / "less"))
    assert result.returncode == 0, result
    assert 'read "hello\\n"' in result.stdout


def test_flyctl_may_be_called_fly(world, server):
    server()
    world.offer_flyctl("fly")
    assert f"+ fly {CREATE}" in deploy(world).stderr


def test_the_name_of_the_app_may_be_in_the_environment_or_in_the_configuration(world, server):
    server()
    words = ["deploy", "--config", str(world.config)]
    world.config.write_text(f"app = '{APP}'\n" + world.config.read_text())
    for more in ({}, {"FLY_APP": APP}):
        result = fly.run_words(world, *words, **more)
        assert result.returncode == 0, result
    world.config.write_text(world.config.read_text().replace(APP, "another"))
    result = fly.run_words(world, *words, FLY_APP=APP)
    assert result.returncode == 0, result
    assert changes(world).count(CREATE) == 1


@pytest.mark.parametrize("variant", ["docs/fly/autostop.toml", "docs/fly/proxy-protocol.toml"])
def test_the_variants_deploy_as_well(world, server, variant):
    one = server()
    world.write_config(one.port, variant=variant)
    assert 'read "hello\\n"' in deploy(world).stdout


# IPv4


def test_without_a_terminal_it_says_that_it_goes_without_ipv4_and_what_ipv4_costs(world, server):
    server()
    error = deploy(world).stderr
    assert "raw TCP cannot work on a shared IPv4 address" in error
    assert "2 USD a month" in error
    assert "no terminal to ask on, so without IPv4; to get it: --ipv4 yes" in error


def test_with_ipv4_yes_it_allocates_ipv4_and_reads_the_greeting_there_too(world, server):
    one = server()
    result = deploy(world, "--ipv4", "yes")
    assert changes(world) == [CREATE, ALLOCATE_V6, ALLOCATE_V4, deploy_command(world)]
    assert result.stdout.startswith(f'IPv6 {V6}, port {one.port}: read "hello\\n"\n'
                                    f'IPv4 {V4}, port {one.port}: read "hello\\n"\n')
    one.wait_until_idle()
    assert one.stop()["greeted"] == 2


def test_with_ipv4_no_it_asks_nobody(world, server):
    server()
    assert "no terminal" not in deploy(world, "--ipv4", "no").stderr
    assert ALLOCATE_V4 not in changes(world)


@pytest.mark.parametrize("answer, wanted", [("y", True), ("yes", True), ("n", False), ("", False)])
def test_at_a_terminal_it_asks(world, server, answer, wanted):
    server()
    code, shown = fly.run_at_terminal(world, "deploy", question="[y/N]", answer=answer)
    assert code == 0, shown
    assert shown.index("raw TCP cannot work") < shown.index("Allocate a dedicated IPv4 address")
    assert (ALLOCATE_V4 in changes(world)) == wanted


def test_a_dedicated_address_that_is_there_is_read_from_and_not_asked_for(world, server):
    one = server()
    world.deployed(("v6", V6), ("v4", V4))
    result = deploy(world)
    assert changes(world) == [deploy_command(world)]
    assert "raw TCP cannot work" not in result.stderr
    assert f"IPv4 {V4}, port {one.port}: read" in result.stdout


def test_a_dedicated_address_that_is_not_wanted_is_left_to_the_user(world, server):
    server()
    world.deployed(("v6", V6), ("v4", V4))
    assert f"flyctl ips release {V4} --app {APP}" in deploy(world, "--ipv4", "no").stderr


def test_a_shared_ipv4_address_is_said_to_lead_nowhere_and_not_read_from(world, server):
    one = server()
    world.deployed(("shared_v4", V4))
    result = deploy(world)
    assert f"the shared IPv4 address {V4} does not lead to this service" in result.stderr
    assert changes(world) == [ALLOCATE_V6, deploy_command(world)]
    assert "IPv4" not in result.stdout
    one.wait_until_idle()
    assert one.stop()["greeted"] == 1


def test_private_and_outgoing_addresses_are_not_what_clients_connect_to(world, server):
    server()
    world.deployed(("private_v6", NOWHERE), ("egress_v6", NOWHERE), ("egress_v4", "192.0.2.1"))
    deploy(world)
    assert changes(world) == [ALLOCATE_V6, deploy_command(world)]


# The greeting


def test_the_greeting_of_the_configuration_is_the_one_to_be_read(world, server):
    one = server("--greeting", r"moin\tmoin\r\n\n")
    world.write_config(one.port, r"HELLO_SERVER_GREETING = 'moin\tmoin\r\n\n'",
                       "HELLO_GREETING = 'of lower rank'")
    assert r'read "moin\tmoin\r\n\n"' in deploy(world).stdout


def test_a_greeting_that_the_configuration_holds_as_it_is(world, server):
    one = server("--greeting", r"moin\n\n")
    world.write_config(one.port, r'HELLO_GREETING = "moin\n\n"')  # TOML makes these newlines
    assert r'read "moin\n\n"' in deploy(world).stdout


def test_an_empty_greeting_counts_as_not_set(world, server):
    one = server(env={"HELLO_SERVER_GREETING": "", "HELLO_GREETING": ""})
    world.write_config(one.port, "HELLO_SERVER_GREETING = ''", "HELLO_GREETING = ''")
    assert r'read "hello\n"' in deploy(world).stdout


def test_connections_that_are_accepted_and_closed_prove_nothing(world, peer):
    """As Fly's edge does when nothing is behind it."""
    one = peer(lambda connection: None, family=IPV6)
    error = fails(world, "--wait", 0)
    assert f"IPv6 {V6}, port {one.port}: no greeting within 0 s; last: it was closed without a byte" in error
    assert "deployed, but not verified; docs/fly.md says" in error
    assert f"flyctl logs --app {APP}" in error


def test_something_else_than_the_greeting_is_shown(world, peer):
    for answer in (b"hello", b"hello\nhello\n", b"HTTP/1.1 400\r\n"):
        peer(says(answer), family=IPV6)
        shown = answer.decode().replace("\r", "\\r").replace("\n", "\\n")
        assert f'last: read "{shown}" instead of the greeting' in fails(world, "--wait", 0)


def test_a_refused_connection_is_reported_as_such(world, server):
    one = server()
    one.stop()
    assert "last: Connection refused" in fails(world, "--wait", 0)


def test_the_greeting_may_come_late(world, peer):
    answers = [b"", b"", GREETING]
    peer(lambda connection: connection.sendall(answers.pop(0)), family=IPV6)
    assert 'read "hello\\n"' in deploy(world, "--wait", 60).stdout
    assert answers == []


def test_one_address_without_greeting_is_enough_to_fail(world, server):
    one = server("--listen", "[::1]")
    error = fails(world, "--ipv4", "yes", "--wait", 0)
    assert f"IPv4 {V4}, port {one.port}: no greeting" in error
    assert f"IPv6 {V6}" not in error


# A host without IPv6


def no_way(world, answer):
    world.deployed(("v6", NOWHERE))
    world.set(exec=answer)


def test_without_a_way_to_ipv6_a_machine_looks(world):
    no_way(world, {"stdout": "hello-load: done ok=1"})
    result = deploy(world)
    assert "this host has no way to IPv6 (Network is unreachable), so a Machine tries it" in result.stderr
    assert f"Next, from a host with IPv6: nc -6 {APP}.fly.dev 1848 " in result.stdout
    assert f"IPv6 {NOWHERE}, port 1848: greeted, seen from Machine {MACHINE_ID}, not from this host\n" \
        in result.stdout
    assert fly.asked(world)[-1] == (f"machine exec {MACHINE_ID} /usr/local/bin/hello-load -q -n 1"
                                    f" [{NOWHERE}]:1848 --app {APP} --timeout 20 --json")


def test_what_the_machine_saw_is_reported_if_it_is_not_the_greeting(world):
    no_way(world, {"exit_code": 3, "stdout": "hello-load: done ok=0 timeout=1"})
    assert "NOT verified, also not from Machine 17811953c92018 (hello-load: done ok=0 timeout=1)" in fails(world)


def test_a_machine_that_cannot_look_proves_nothing(world):
    no_way(world, {})
    world.set(failures={"machine exec": "could not exec command on machine: deadline_exceeded"})
    error = fails(world)
    assert "deadline_exceeded" in error and "NOT verified" in error


def test_without_a_machine_nothing_is_verified(world):
    no_way(world, {})
    world.set(machines=[{**world["machines"][0], "state": "stopped"}])
    assert f"IPv6 {NOWHERE}: NOT verified, no Machine runs; try it from a host with IPv6" in fails(world)


def test_a_greeting_of_one_s_own_is_not_looked_for_by_the_machine(world):
    """Its words would have to pass two shells."""
    no_way(world, {})
    world.write_config(1848, r"HELLO_GREETING = 'moin moin\n'")
    deploy(world)
    assert " -n 1 --expect any [" in fly.asked(world)[-1]


# What can fail


@pytest.mark.parametrize("name", ["auth whoami", "deploy"])
def test_ctrl_c_ends_it_without_another_word(world, server, tmp_path, name):
    server()
    process = fly.start(world, "deploy", FLYCTL_HANGS=name)
    wait_until((tmp_path / "world.json.hangs").exists, f"flyctl {name}")
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, name in (error.splitlines() or [name])[-1]) == (130, True), error


def test_a_flyctl_that_cannot_be_run_is_reported(world):
    (world.bin / "flyctl").write_text("#!/nowhere\n")
    assert "fly: cannot run flyctl: No such file or directory; install flyctl" in fails(world)


def test_without_flyctl_it_says_where_to_get_it(world):
    for path in world.bin.iterdir():
        path.unlink()
    assert fails(world) == ("fly: there is no flyctl here; install flyctl (https://fly.io/docs/flyctl/install/)"
                            " and run this again\n")


def test_it_does_not_take_itself_for_flyctl(world):
    for path in world.bin.iterdir():
        path.unlink()
    (world.bin / "fly").symlink_to(fly.SCRIPT)
    assert "there is no flyctl here" in fails(world)


def test_without_a_login_it_says_how(world):
    world.set(user=None)
    error = fails(world)
    assert error.endswith("fly: flyctl is not logged in; run: flyctl auth login (or set FLY_API_TOKEN),"
                          " and run this again\n")
    assert NO_TOKEN in error
    assert fly.asked(world) == ["auth whoami --json"]


@pytest.mark.parametrize("name, text, advice, made", [
    ("apps list", "failed to get apps", "flyctl cannot list apps; fix what it reports above", []),
    ("apps create", "org slug is required", "if you are in several organizations, name one by --org",
     [CREATE]),
    ("config show", "unknown field", "flyctl config validate --config", [CREATE]),
    ("ips list", "server error", "flyctl cannot list the addresses of 'hello-jo'", [CREATE]),
    ("ips allocate-v6", "billing", "cannot allocate an IPv6 address, without which no client reaches the app",
     [CREATE, ALLOCATE_V6]),
    ("ips allocate-v4", "no payment method", "or go on without: --ipv4 no",
     [CREATE, ALLOCATE_V6, ALLOCATE_V4]),
])
def test_what_fails_before_the_deployment_ends_it_and_says_what_to_do(world, name, text, advice, made):
    world.set(failures={name: text})
    error = fails(world, "--ipv4", "yes")
    assert f"Error: {text}\n" in error and advice in error
    assert changes(world) == made


@pytest.mark.parametrize("name", ["auth whoami", "apps list", "config show", "ips list"])
@pytest.mark.parametrize("answer", ["", "Update available", '["a"]', '"a"'])
def test_an_answer_that_is_not_understood_ends_it(world, name, answer):
    world.set(answers={name: answer})
    error = fails(world)
    assert "fly: flyctl's answer is not the expected JSON, see above" in error
    assert set(changes(world)) <= {CREATE}


def test_a_name_that_is_taken_needs_another(world):
    world.set(taken=[APP])
    error = fails(world)
    assert "Error: Name has already been taken" in error
    assert "cannot make the app 'hello-jo'; names are unique across all of Fly" in error
    assert "another --app" in error
    assert changes(world) == [CREATE]


def test_a_deployment_that_fails_is_not_looked_at(world, server):
    one = server()
    world.set(failures={"deploy": "timeout reached waiting for health checks to pass"})
    error = fails(world)
    assert "Error: timeout reached" in error
    assert "the deployment failed" in error and f"flyctl logs --app {APP}" in error
    assert one.stop()["accepted"] == 0


def test_without_an_address_to_look_at_nothing_is_verified(world):
    world.set(offers={"v6": [None]})
    assert "'hello-jo' has no address that leads to it; run this again" in fails(world)


@pytest.mark.parametrize("variant", ["docs/fly/tls.toml", "docs/fly/http.toml"])
def test_a_configuration_whose_greeting_is_not_raw_is_left_to_flyctl(world, variant):
    world.config.write_text((fly.TOP / variant).read_text())
    error = fails(world, code=2)
    assert "speaks TLS or HTTP with clients, and this reads raw greetings" in error
    assert f"flyctl deploy --app {APP} --config {world.config} --ha=false" in error
    assert all("deploy" not in call and "allocate" not in " ".join(call) for call in map(list, world["calls"]))


def test_a_configuration_without_service_is_refused(world):
    world.config.write_text("[env]\nA = 'b'\n")
    assert "has no [[services]] with a port" in fails(world)


@pytest.mark.parametrize("options, complaint", [
    (["--ipv4", "maybe"], "--ipv4 is yes or no, not 'maybe'"),
    (["--wait", "long"], "--wait is a number of seconds, not 'long'"),
    (["--wait"], "--wait needs a value"),
    (["--wait", "99999999999999999999"], "--wait is a number of seconds"),
    *((["--app", name], f"'{name}' can be no app") for name in ("a b", "-x", "Hello", "a.b", "é", 64 * "a")),
    (["--yes"], "deploy does not know '--yes'"),
    (["--path", "public"], "deploy does not know '--path'"),
    (["--", "-n", "1"], "deploy does not know '--'"),
    (["now"], "deploy does not know 'now'"),
    (["--config", "/nowhere.toml"], "there is no configuration '/nowhere.toml'"),
])
def test_wrong_usage_is_reported_before_any_question(world, options, complaint):
    assert complaint in fails(world, *options, code=2)
    assert fly.asked(world) == []


def test_without_a_name_it_says_what_names_are_like(world):
    result = fly.run_words(world, "deploy")
    assert (result.returncode, "a name that nobody on Fly has yet" in result.stderr) == (2, True)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["deploy", "--help"]])
def test_help_names_each_verb(world, words):
    result = fly.run_words(world, *words)
    assert (result.returncode, result.stderr) == (0, "")
    assert all(f"scripts/fly {verb}" in result.stdout for verb in ("deploy", "bench", "destroy"))
    assert "\n  --wait SECONDS     how long the first greeting may take to come; by default 90\n" in result.stdout
    assert "\n  --wait SECONDS     how long hello-load may take, with the start of its Machine; by default 120\n" \
        in result.stdout
