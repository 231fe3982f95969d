"""--cpus: which CPUs the threads of both programs stay on, as the kernel reports it."""
import json
import os
import re

import pytest

from clients import GREETING, IPV4, visit
from programs import run, server_config_and_sources, server_path, totals

ALLOWED = sorted(os.sched_getaffinity(0))
needs_two_cpus = pytest.mark.skipif(len(ALLOWED) < 2, reason="one CPU only: there is nothing to choose from")


def places(pid):
    """The CPUs of each thread that may not use all that this process may."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        allowed = sorted(os.sched_getaffinity(int(task)))
        if allowed != ALLOWED:
            found.append(allowed)
    return sorted(found)


def threads_of(*args, env=None):
    done = run(os.environ["HELLO_LOAD"], "--json", "-n", 50, *args, env=env)
    assert done.returncode == 0, done
    document = json.loads(done.stdout)
    return [thread["cpu"] for thread in document["threads"]], document["run"]["options"]["cpus"]


@needs_two_cpus
def test_a_responders_workers_may_move_unless_they_are_pinned(server, engine):
    for args in ((), ("--cpus", "auto"), ("--cpus", "none")):
        one = server("--engine", engine, *args)
        assert places(one.pid) == [] and one.workers == len(ALLOWED)
        one.stop()


@needs_two_cpus
def test_a_responder_keeps_to_a_list_and_counts_its_cpus(server, engine):
    last = ALLOWED[-1]
    one = server("--engine", engine, "--cpus", last)
    assert one.workers == 1 and [last] in places(one.pid)
    assert visit(one.address(IPV4)) == GREETING
    assert one.stop() == totals(greeted=1)


@needs_two_cpus
def test_each_worker_has_a_cpu_of_its_own_of_a_list(server, engine):
    one = server("--engine", engine, "--cpus", f"{ALLOWED[0]},{ALLOWED[1]}", "-w", 2)
    assert [cpus for cpus in places(one.pid) if len(cpus) == 1] == [[ALLOWED[0]], [ALLOWED[1]]]
    one.stop()


def test_a_lone_generator_thread_stays_on_a_cpu(server, engine):
    (cpu,), asked = threads_of("-e", engine, server().target(IPV4))
    assert cpu in ALLOWED and asked == "auto"


@needs_two_cpus
def test_a_generator_obeys_its_options(server, engine):
    target = server().target(IPV4)
    for cpu in ALLOWED[:2]:
        assert threads_of("-e", engine, "--cpus", cpu, target) == ([cpu], str(cpu))
    both = f"{ALLOWED[0]},{ALLOWED[1]}"
    threads, asked = threads_of("-e", engine, "-t", 2, "--cpus", both, target)
    assert sorted(threads) == ALLOWED[:2] and asked == both
    assert threads_of("-e", engine, "--cpus", "none", target) == ([None], "none")
    assert len(threads_of("-e", engine, "-t", "auto", "-c", 64, target)[0]) == len(ALLOWED)
    assert len(threads_of("-e", engine, "-t", "auto", "-c", 1, target)[0]) == 1, "a thread without a connection"
    assert threads_of("-e", engine, "-t", len(ALLOWED) + 1, target)[0] == [None] * (len(ALLOWED) + 1)


@pytest.mark.parametrize("program", ["HELLO_SERVER", "HELLO_LOAD"])
@pytest.mark.parametrize("wrong", ["", "x", "0-", "0,,1", "3-1", "-1", "all", "0;1"])
def test_what_is_no_list_is_wrong_usage(program, wrong):
    done = run(os.environ[program], f"--cpus={wrong}", *(["127.0.0.1"] if program == "HELLO_LOAD" else []))
    assert done.returncode == 2 and done.stdout == ""
    assert re.fullmatch(r"hello-\w+: --cpus '[^\n]*': must be auto, none, or a list such as 0,2-5\n", done.stderr), done


@pytest.mark.parametrize("program", ["HELLO_SERVER", "HELLO_LOAD"])
def test_a_cpu_that_is_not_there_is_named_with_those_that_are(program):
    done = run(os.environ[program], "--cpus", 4095, *(["127.0.0.1"] if program == "HELLO_LOAD" else []))
    assert done.returncode == 2
    assert "--cpus '4095': CPU 4095 is not one that this process may use; it may use " in done.stderr


def test_the_setting_is_printed_with_where_it_came_from():
    assert server_config_and_sources()["cpus"] == ("auto", "default")
    cpu = str(ALLOWED[0])
    settings = server_config_and_sources(env={"HELLO_SERVER_CPUS": cpu})["cpus"]
    assert settings == (cpu, "$HELLO_SERVER_CPUS")


def test_the_other_programs_setting_stops_nobody(server):
    environment = {"HELLO_SERVER_CPUS": "4095"}
    assert threads_of(server().target(IPV4), env=environment)[1] == "auto"
    assert run(server_path(), "--print-config", env={"HELLO_LOAD_CPUS": "4095"}).returncode == 0


def test_threads_that_the_kernel_lets_stay_nowhere_are_reported(server):
    library = os.environ.get("HELLO_MANY_CPUS")
    if not library:
        pytest.skip("HELLO_MANY_CPUS does not name the library that refuses")
    done = run(os.environ["HELLO_LOAD"], "--json", "-n", 10, server().target(IPV4),
               env={"LD_PRELOAD": library, "MANY_CPUS": "0-1", "MANY_CPUS_REFUSES": "1"})
    assert done.returncode == 0, done
    assert [thread["cpu"] for thread in json.loads(done.stdout)["threads"]] == [None]
    assert "1 of 1 threads could not be pinned to a CPU" in done.stderr
