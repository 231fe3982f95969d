"""scripts/fly destroy: nothing is destroyed by mistake."""
import pytest

import fly
from fly import APP, changes

DESTROY = f"apps destroy {APP} --yes"


@pytest.fixture(autouse=True)
def deployed(world):
    world.deployed(("v6", "::1"))


def test_who_types_the_name_at_a_terminal_destroys_the_app(world):
    code, shown = fly.run_at_terminal(world, "destroy", question="Type its name", answer=APP)
    assert (code, changes(world), world["apps"]) == (0, [DESTROY], [])
    assert "destroyed permanently, with its Machines and its addresses" in shown


@pytest.mark.parametrize("answer", ["", "y", "yes", APP + "x", APP.upper()])
def test_any_other_answer_destroys_nothing(world, answer):
    code, shown = fly.run_at_terminal(world, "destroy", question="Type its name", answer=answer)
    assert (code, changes(world), world["apps"]) == (1, [], [APP])
    assert "that is not its name, so nothing is destroyed" in shown


def test_without_a_terminal_nothing_is_destroyed(world):
    result = fly.run(world, "destroy")
    assert (result.returncode, changes(world)) == (1, [])
    assert "no terminal to ask on, so nothing is destroyed; if you are sure: --yes" in result.stderr


def test_a_script_says_yes(world):
    result = fly.run(world, "destroy", "--yes")
    assert (result.returncode, changes(world), world["apps"]) == (0, [DESTROY], [])


def test_what_is_not_there_need_not_be_destroyed(world):
    fly.run(world, "destroy", "--yes")
    result = fly.run(world, "destroy", "--yes")
    assert (result.returncode, changes(world)) == (0, [DESTROY])
    assert f"there is no app '{APP}' that you can see: nothing to destroy" in result.stderr


def test_a_dry_run_asks_nobody_and_destroys_nothing(world):
    result = fly.run(world, "destroy", "--dry-run")
    assert (result.returncode, changes(world), world["apps"]) == (0, [], [APP])
    assert f"+ flyctl {DESTROY}\n" in result.stderr


def test_a_failure_says_what_to_do(world):
    world.set(failures={"apps destroy": "server error"})
    result = fly.run(world, "destroy", "--yes")
    assert result.returncode == 1
    assert "Error: server error\nfly: cannot destroy 'hello-jo'; fix what flyctl reports above" in result.stderr


def test_without_a_login_it_says_how(world):
    world.set(user=None)
    result = fly.run(world, "destroy", "--yes")
    assert (result.returncode, changes(world)) == (1, [])
    assert "flyctl auth login" in result.stderr


@pytest.mark.parametrize("answer", ["", "Update available", "{}", '["a"]', '{"error": "x"}'])
def test_a_list_that_is_not_understood_is_not_one_without_the_app(world, answer):
    world.set(answers={"apps list": answer})
    result = fly.run(world, "destroy", "--yes")
    assert result.returncode == 1, result
    assert "flyctl's answer is not the expected JSON" in result.stderr
    assert changes(world) == []
