"""What tests/outcomes.py makes of what CTest and pytest leave: counts, skips that may be, further tries."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

import outcomes  # noqa: E402

RULES = outcomes.rules_of("""
# A comment, and then a rule each.
-uring      *                  no io_uring here*
asan,tsan   blackbox/*         a sanitizer *
any         unit.a::odd        *
""")


def case(name, status="run", output=""):
    return f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>'


def line(name, outcome, reason=""):
    return json.dumps({"name": name, "outcome": outcome, "reason": reason, "seconds": 1})


@pytest.fixture(name="build")
def fixture_build(tmp_path):
    def build(cases=(), lines=(), name="dev"):
        folder = tmp_path / name
        folder.mkdir()
        if cases:
            (folder / "junit.xml").write_text(f"<testsuite>{''.join(cases)}</testsuite>")
        (folder / "outcomes.jsonl").write_text("".join(one + "\n" for one in lines))
        return outcomes.Outcomes(folder)
    return build


def test_each_test_of_a_file_counts_not_the_file(build):
    one = build([case("blackbox.idle"), case("unit.units")],
                [line("blackbox/test_idle.py::a", "passed"), line("blackbox/test_idle.py::b", "skipped", "why")])
    assert outcomes.summary([one]) == "2 passed, 0 failed, 1 skipped"
    assert one.skipped() == [("blackbox/test_idle.py::b", "why")]


def test_a_file_that_fails_though_no_test_of_it_does_counts_as_failed(build):
    """As when its time is over."""
    one = build([case("blackbox.idle", "fail")], [line("blackbox/test_idle.py::a", "passed")])
    assert outcomes.summary([one]) == "1 passed, 1 failed, 0 skipped"


def test_a_test_that_fails_counts_once(build):
    one = build([case("blackbox.idle", "fail")],
                [line("blackbox/test_idle.py::a", "passed"), line("blackbox/test_idle.py::b", "failed")])
    assert outcomes.summary([one]) == "1 passed, 1 failed, 0 skipped"


def test_what_fails_while_it_is_cleared_up_has_failed(build):
    one = build((), [line("image/test_image.py::a", "passed"), line("image/test_image.py::a", "failed")])
    assert outcomes.summary([one]) == "0 passed, 1 failed, 0 skipped"


def test_a_skipped_test_of_a_cmocka_program_is_listed_beside_the_program_that_passed(build):
    one = build([case("unit.a", output="[ RUN ] odd\n[  SKIPPED ] odd\n[  SKIPPED ] 1 test(s), listed below:\n"
                                       "[  SKIPPED ] odd\n")])
    assert outcomes.summary([one]) == "1 passed, 0 failed, 1 skipped"
    assert one.skipped() == [("unit.a::odd", "")]


def test_an_entry_that_did_not_run_says_why(build):
    one = build([case("interop.hlog", "notrun", "SKIPPED: no node: install nodejs and npm\n")])
    assert one.skipped() == [("interop.hlog", "no node: install nodejs and npm")]


def printed(capsys, builds, required=()):
    forbidden = outcomes.print_skipped(builds, RULES, required)
    return forbidden, capsys.readouterr().out.splitlines()


def test_a_skip_that_is_listed_may_be(build, capsys):
    one = build([case("unit.a", output="[  SKIPPED ] odd\n")])
    assert printed(capsys, [one]) == (0, ["skipped: dev unit.a::odd: see there"])


def test_a_skip_that_is_not_listed_may_not_be(build, capsys):
    one = build((), [line("blackbox/test_live.py::a", "skipped", "no pyte"),
                     line("blackbox/test_live.py::b[1]", "skipped", "a sanitizer is slow"),
                     line("blackbox/test_live.py::b[2]", "skipped", "a sanitizer is slow")])
    assert printed(capsys, [one]) == (3, [
        "skipped, which tests/may_skip does not allow: dev blackbox/test_live.py::a: no pyte",
        "skipped, which tests/may_skip does not allow: dev blackbox/test_live.py::b[...]: a sanitizer is slow"
        " (2 times)"])


def test_a_skip_may_be_in_one_build_and_not_in_another(build, capsys):
    lines = [line("blackbox/test_live.py::b", "skipped", "a sanitizer is slow")]
    assert printed(capsys, [build((), lines, "dev"), build((), lines, "asan")])[0] == 1


@pytest.mark.parametrize("required, forbidden", [((), 0), (("netns",), 0), (("uring", "netns"), 1)])
def test_what_a_machine_must_have_is_no_reason_to_skip(build, capsys, required, forbidden):
    one = build((), [line("blackbox/test_idle.py::a[uring]", "skipped", "no io_uring here: EPERM")])
    assert printed(capsys, [one], required)[0] == forbidden


def test_further_tries_are_counted_and_named(build, capsys):
    outcomes.print_tries([build((), [
        line("blackbox/test_link.py::b", "rerun"), line("blackbox/test_link.py::b", "rerun"),
        line("blackbox/test_link.py::b", "passed"), line("blackbox/test_link.py::a", "rerun"),
        line("blackbox/test_link.py::a", "failed"), line("blackbox/test_link.py::c", "passed")])])
    assert capsys.readouterr().out == ("2 tests needed another try: "
                                       "dev blackbox/test_link.py::a, dev blackbox/test_link.py::b (2 more)\n")


def test_only_a_strict_reader_fails_over_a_skip(build, tmp_path):
    build((), [line("unit/test_x.py::a", "skipped", "no reason that anybody listed")])

    def code(*options):
        return subprocess.run([sys.executable, "-B", TESTS / "outcomes.py", *options, tmp_path / "dev"],
                              capture_output=True, check=False).returncode
    assert (code(), code("--strict")) == (0, 1)


def test_the_list_in_the_tree_can_be_read():
    rules = outcomes.rules_of(outcomes.MAY_SKIP.read_text(encoding="utf-8"))
    assert {"-uring", "-netns", "-cgroup", "-nft"} < {rule.when for rule in rules}


SAMPLE = """
import pytest
tries = []
def test_passes(): pass
def test_is_skipped(): pytest.skip("for a reason")
@pytest.mark.flaky(reruns=4)
def test_passes_at_last():
    tries.append(1)
    assert len(tries) == 3
def test_fails(): assert 0
"""


def test_a_run_of_pytest_is_listed_test_by_test(tmp_path):
    pytest.importorskip("pytest_rerunfailures", reason="install python3-pytest-rerunfailures")
    folder = tmp_path / "sample"
    folder.mkdir()
    (folder / "test_sample.py").write_text(SAMPLE)
    for name in ("conftest.py", "pytest.ini"):
        (tmp_path / name).write_text((TESTS / name).read_text())
    path = tmp_path / "outcomes.jsonl"
    subprocess.run([sys.executable, "-B", "-m", "pytest", "test_sample.py"], cwd=folder, check=False,
                   capture_output=True, env={**os.environ, "HELLO_OUTCOMES": str(path)})
    one = outcomes.Outcomes(tmp_path)
    assert one.outcomes == {"sample/test_sample.py::" + name: outcome for name, outcome in (
        ("test_passes", "passed"), ("test_is_skipped", "skipped"), ("test_passes_at_last", "passed"),
        ("test_fails", "failed"))}
    assert one.skipped() == [("sample/test_sample.py::test_is_skipped", "for a reason")]
    assert one.tries == {"sample/test_sample.py::test_passes_at_last": 2}
