"""scripts/fly bench: hello-load runs in a Machine of its own, and what it found comes back."""
import json
import os
import re
import signal
import subprocess

import pytest

import fly
from fly import APP, IMAGE, MACHINE_ID, V6, changes
from programs import DEADLINE_S, wait_until

FETCH = "/bin/cat /dev/shm/hello-load.{0} /tmp/hello-load.{0} /hello-load.{0}"


pytestmark = pytest.mark.usefixtures("machines")


@pytest.fixture
def responder(world, server):
    one = server()
    world.deployed(("v6", V6))
    return one


def bench(world, *options, code=0):
    result = fly.run(world, "bench", *options)
    assert result.returncode == code, result
    return result


def fails(world, *options, **expected):
    result = bench(world, *options, **{"code": 1, **expected})
    assert result.stdout == ""
    return result.stderr


def runs(world):
    """The commands for the Machine, each with its name in the place of NAME and its script of SCRIPT."""
    found = []
    for call in world["calls"]:
        if call[:2] == ["machine", "run"]:
            script = call[call.index("-c") + 1]
            name = call[call.index("--name") + 1]
            assert name.startswith("hello-load-")
            found.append(" ".join(call).replace(script, "SCRIPT").replace(name, "NAME"))
    return found


def run_command(target, *options, region="fra", size="performance-1x"):
    return (f"machine run {IMAGE} --app {APP} --name NAME --region {region} --vm-size {size} --rm"
            " --restart no --skip-dns-registration --metadata role=hello-load --entrypoint /bin/sh"
            f" -- -c SCRIPT sh {' '.join(options)} {target}")


def assert_only_the_responder_is_left(world):
    assert [one["id"] for one in world["machines"]] == [MACHINE_ID]
    assert world["processes"] == {}


def wait_until_hello_load_is_waited_for(world):
    wait_until(lambda: any(call.startswith("machine exec") for call in fly.asked(world)),
               "hello-load to be waited for")


# What it does


def test_the_json_of_hello_load_comes_back_and_the_machine_is_gone(world, responder):
    result = bench(world, "--", "-n", "500", "-c", "7")
    document = json.loads(result.stdout)
    assert document["result"]["all"]["ok"] == 500
    assert runs(world) == [run_command(f"[::1]:{responder.port}", "-n 500 -c 7")]
    assert_only_the_responder_is_left(world)
    responder.wait_until_idle()
    assert responder.stop()["greeted"] == 500


def test_what_is_in_the_file_that_the_json_is_appended_to_stays(world, responder, tmp_path):
    results = tmp_path / "results"
    results.write_text("an earlier run\n")
    with results.open("a") as file:
        process = fly.start(world, "bench", "--", "-n", "5", stdout=file)
        _, error = process.communicate(timeout=4 * DEADLINE_S)
    assert process.returncode == 0, error
    earlier, document = results.read_text().split("\n", 1)
    assert (earlier, json.loads(document)["result"]["all"]["ok"]) == ("an earlier run", 5)


def test_the_commands_are_these(world, responder):
    bench(world, "--", "-n", "1")
    asked = [call for call in fly.asked(world) if not call.startswith("machine run")]
    (number,) = {call[2] for call in world["calls"] if call[:2] == ["machine", "exec"]}
    fetches = [f"machine exec {number} {FETCH.format(name)} --app {APP} --timeout 20 --json"
               for name in ("code", "json")]
    assert list(dict.fromkeys(asked)) == [
        "auth whoami --json",
        "apps list --json",
        fly.config_command(world),
        f"machine list --app {APP} --json",
        *fetches,
        f"machine destroy {number} --app {APP} --force",
    ]


def test_it_connects_to_the_private_address_of_a_machine_that_runs(world, responder):
    stopped = {**world["machines"][0], "id": "0", "state": "stopped", "private_ip": "fdaa::1"}
    other = {**stopped, "id": "1", "state": "started", "config": {"metadata": {"role": "hello-load"}}}
    world.set(machines=[stopped, other, *world["machines"]])
    bench(world, "--", "-n", "1")
    assert runs(world) == [run_command(f"[::1]:{responder.port}", "-n 1")]


def test_the_public_path_is_through_the_address_that_clients_use(world, responder):
    private = {**world["machines"][0], "private_ip": "fdaa::1"}
    world.set(machines=[private])
    bench(world, "--path", "public", "--", "-n", "1")
    assert runs(world) == [run_command(f"[{V6}]:{responder.port}", "-n 1")]
    assert f"ips list --app {APP} --json" in fly.asked(world)


def test_where_and_on_what_it_runs_can_be_chosen(world, responder):
    bench(world, "--region", "ams", "--size", "shared-cpu-1x", "--", "-n", "1")
    assert runs(world) == [run_command(f"[::1]:{responder.port}", "-n 1", region="ams", size="shared-cpu-1x")]


def test_by_default_it_measures_for_ten_seconds(world, responder):
    bench(world, "--dry-run")
    world.set(failures={"machine run": "enough"})
    fails(world)
    assert runs(world) == [run_command(f"[::1]:{responder.port}", "-d 10s")]


def test_the_json_can_go_to_a_file(world, responder, tmp_path):
    result = bench(world, "--output", tmp_path / "out.json", "--", "-n", "20")
    assert result.stdout == ""
    assert json.loads((tmp_path / "out.json").read_text())["result"]["all"]["ok"] == 20


def test_an_option_reaches_hello_load_as_it_is(world, responder):
    """Through a shell, on its way."""
    document = json.loads(bench(world, "--", "-n", "5", "--send", "it's $HOME; `id` \"*\"").stdout)
    assert document["run"]["options"]["send"] == "it's $HOME; `id` \"*\""


def test_an_assertion_that_does_not_hold_is_an_exit_code_beside_the_json(world, responder):
    result = bench(world, "--", "-n", "5", "--assert", "ok>100", code=3)
    document = json.loads(result.stdout)
    assert document["result"]["all"]["ok"] == 5
    (member,) = re.findall(r"an assertion of hello-load does not hold; see \.(\w+) in its JSON", result.stderr)
    assert {"text": "ok>100", "holds": False}.items() <= document[member][0].items()
    assert_only_the_responder_is_left(world)


def test_a_dry_run_shows_each_command_and_runs_no_machine(world, responder):
    shown = bench(world, "--dry-run").stderr
    assert changes(world) == []
    for verb in ("run", "exec", "destroy"):
        assert f"+ flyctl machine {verb} " in shown
    assert shown.index("machine run") < shown.index("machine exec") < shown.index("machine destroy")


# What can fail


def test_what_hello_load_complains_of_is_reported(world, responder):
    error = fails(world, "--", "--rate", "fast")
    assert "hello-load ended with exit code 2: hello-load: " in error and "'fast'" in error
    assert_only_the_responder_is_left(world)


def test_a_machine_that_cannot_run_is_reported_with_advice(world, responder):
    world.set(failures={"machine run": "could not launch machine: insufficient resources in region"})
    error = fails(world)
    assert "Error: could not launch machine" in error
    assert "cannot run a Machine for hello-load; fix what flyctl reports above, or try another --region" in error
    assert_only_the_responder_is_left(world)


def test_a_machine_is_destroyed_also_if_flyctl_lost_sight_of_it(world, responder):
    world.set(failures={"machine run, done": "failed to wait for VM to start"})
    assert "failed to wait for VM to start" in fails(world)
    assert [call.split()[:2] for call in changes(world)] == [["machine", "run"], ["machine", "destroy"]]
    assert_only_the_responder_is_left(world)


def test_a_command_that_fly_gives_up_on_is_given_again(world, responder):
    world.set(failures={"machine exec": ["could not exec command: deadline_exceeded", "again"]})
    assert json.loads(bench(world, "--", "-n", "5").stdout)["result"]["all"]["ok"] == 5


def test_hello_load_that_takes_too_long_is_ended(world, responder):
    error = fails(world, "--wait", "1", "--", "-d", "60s")
    assert "hello-load did not end within 1 s; allow more time with --wait" in error
    assert_only_the_responder_is_left(world)


def test_a_signal_ends_the_machine(world, responder):
    process = fly.start(world, "bench", "--", "-d", "60s")
    wait_until_hello_load_is_waited_for(world)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 143
    assert_only_the_responder_is_left(world)


def test_a_signal_while_flyctl_makes_the_machine_waits_for_that_and_then_ends_it(world, responder, tmp_path):
    process = fly.start(world, "bench", "--", "-d", "60s", FLYCTL_HANGS="machine run")
    hangs = tmp_path / "world.json.hangs"
    wait_until(hangs.exists, "flyctl to make the Machine")
    process.send_signal(signal.SIGTERM)
    hangs.unlink()  # now flyctl goes on
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 143
    assert [call.split()[:2] for call in changes(world)] == [["machine", "run"], ["machine", "destroy"]]
    assert_only_the_responder_is_left(world)


def test_a_second_signal_while_the_machine_is_destroyed_says_that_it_may_be_left(world, responder, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = fly.start(world, "bench", "--", "-d", "60s", FLYCTL_HANGS="machine destroy", TMPDIR=str(scratch))
    wait_until_hello_load_is_waited_for(world)
    process.send_signal(signal.SIGTERM)
    wait_until((tmp_path / "world.json.hangs").exists, "the Machine to be destroyed")
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, list(scratch.iterdir())) == (143, [])
    assert "cannot destroy the Machine e" in error and f"flyctl machine list --app {APP}" in error


def test_the_machine_is_destroyed_also_if_nobody_reads_what_is_said(world, responder):
    process = fly.start(world, "bench", "--wait", "1", "--", "-d", "60s", stdout=subprocess.DEVNULL)
    while "machine run" not in process.stderr.readline():
        pass
    process.stderr.close()
    process.wait(DEADLINE_S)
    assert_only_the_responder_is_left(world)


def test_that_nobody_reads_of_the_end_of_the_machine_is_no_failure(world, responder):
    process = fly.start(world, "bench", "--", "-n", "5", stdout=subprocess.DEVNULL)
    while "Machine ID" not in process.stderr.readline():  # the last line before it is destroyed
        pass
    process.stderr.close()
    assert process.wait(DEADLINE_S) == 0
    assert_only_the_responder_is_left(world)


@pytest.mark.parametrize("name", ["machine list", "machine exec"])
def test_an_answer_that_is_not_understood_is_reported(world, responder, name):
    world.set(answers={name: "Update available"})
    assert "flyctl's answer is not the expected JSON" in fails(world, "--wait", "0")
    world.set(answers={})
    assert_only_the_responder_is_left(world)


def test_half_of_a_result_is_no_result(world, responder):
    world.set(exec_bytes=100)
    assert "the result of hello-load did not arrive complete; a shorter run" in fails(world, "--", "-n", "5")
    assert_only_the_responder_is_left(world)


def test_a_machine_that_cannot_be_destroyed_is_named(world, responder):
    world.set(failures={"machine destroy": "server error"})
    result = bench(world, "--", "-n", "5")
    assert json.loads(result.stdout)["result"]["all"]["ok"] == 5
    assert "cannot destroy the Machine e" in result.stderr
    assert f"flyctl machine list --app {APP}" in result.stderr


def test_a_machine_that_ended_at_once_is_missed(world, responder):
    world.set(failures={"machine list": [None, "server error", "server error"]})
    assert "cannot find the Machine that was made for hello-load" in fails(world)


def test_without_a_machine_that_runs_there_is_nothing_to_measure(world, responder):
    world.set(machines=[{**world["machines"][0], "state": "stopped"}])
    assert f"no Machine of '{APP}' runs, so there is nothing to measure; start one:" in fails(world)


def test_without_the_app_there_is_nothing_to_measure(world):
    assert f"deploy it first: scripts/fly deploy --app {APP}" in fails(world)


def test_the_public_path_needs_a_public_address(world, responder):
    world.set(ips=[])
    assert f"'{APP}' has no public IPv6 address; scripts/fly deploy allocates one" in \
        fails(world, "--path", "public")


@pytest.mark.parametrize("options, complaint", [
    (["--path", "secret"], "--path is private or public, not 'secret'"),
    (["--ipv4", "yes"], "bench does not know '--ipv4'"),
    (["-n", "5"], "bench does not know '-n'"),
    (["--output", "/nowhere/out.json"], "cannot write '/nowhere/out.json'; give another --output"),
    (["--output", "/tmp"], "cannot write '/tmp'"),
])
def test_wrong_usage_is_reported_before_any_question(world, options, complaint):
    assert complaint in fails(world, *options, code=2)
    assert fly.asked(world) == []
