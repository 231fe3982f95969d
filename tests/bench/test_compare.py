"""bench/compare: its verdicts on results that are made up, its exit codes, and a real comparison."""
import json
import pathlib
import subprocess
import sys

import pytest

import micro

COMPARE = pathlib.Path(__file__).resolve().parents[2] / "bench" / "compare.py"
NOISE = (1.00, 1.02, 0.99, 1.01, 0.98, 1.03, 0.97, 1.00, 1.01)
DONE, CANNOT_RUN, USAGE, SLOWER, NOT_ALL = range(5)


def compare(*words):
    return subprocess.run([sys.executable, "-B", COMPARE, *map(str, words)],
                          capture_output=True, text=True, check=False, timeout=50)


def record(name, **numbers):
    return {"name": name, "run_type": "iteration", "time_unit": "ns", **numbers}


def rounds(name, time_ns, noise=NOISE, **numbers):
    return [record(name, real_time=time_ns * part, **numbers) for part in noise]


def failed(name, message):
    return [record(name, error_occurred=True, error_message=message)]


@pytest.fixture(name="judge")
def fixture_judge(tmp_path):
    """Compare two lists of records. Returns the exit code and the verdicts by name."""

    def judge(a, b, *options):
        for side, records in (("A", a), ("B", b)):
            (tmp_path / f"{side}.json").write_text(json.dumps({"benchmarks": records}))
        done = compare(*options, tmp_path / "A.json", tmp_path / "B.json")
        lines = done.stdout.splitlines()[2:]
        return done.returncode, {line.split()[-1]: line[:12].strip() for line in lines}, done.stdout

    return judge


def test_half_the_time_is_faster_and_double_is_slower(judge):
    code, verdicts, _ = judge(rounds("x", 100), rounds("x", 50))
    assert (DONE, "faster") == (code, verdicts["x"])
    code, verdicts, _ = judge(rounds("x", 100), rounds("x", 200))
    assert (SLOWER, "slower") == (code, verdicts["x"])


def test_noise_is_no_change(judge):
    code, verdicts, _ = judge(rounds("x", 100), rounds("x", 100, noise=NOISE[::-1]))
    assert (DONE, "cannot tell") == (code, verdicts["x"])


def test_what_disturbs_both_sides_of_a_round_does_not_hide_a_change(judge):
    disturbed = (1, 3, 1, 2, 1, 5, 1, 1, 2)
    a = rounds("x", 100, noise=disturbed)
    b = rounds("x", 90, noise=[one * two for one, two in zip(disturbed, NOISE)])
    assert "faster" == judge(a, b)[1]["x"]


def test_the_ratio_is_that_of_speeds_with_its_interval(judge):
    out = judge(rounds("x", 100, noise=[1] * 9), rounds("x", 80, noise=[1] * 9))[2]
    assert "faster         1.250   1.250 to 1.250          100           80 x" in " ".join(
        out.splitlines()[2:3])


def test_few_rounds_prove_nothing(judge):
    code, verdicts, out = judge(rounds("x", 100, NOISE[:5]), rounds("x", 50, NOISE[:5]))
    assert (DONE, "cannot tell") == (code, verdicts["x"])
    assert "fewer than 6 rounds" in out
    assert "faster" == judge(rounds("x", 100, NOISE[:6]), rounds("x", 50, NOISE[:6]))[1]["x"]


def test_units_of_time_may_differ(judge):
    b = [{**one, "time_unit": "us"} for one in rounds("x", 0.1)]
    assert "cannot tell" == judge(rounds("x", 100), b)[1]["x"]


def test_a_counter_can_be_what_counts(judge):
    a = rounds("x", 100, server_calls=10.0, connections_per_s=100.0)
    b = rounds("x", 100, server_calls=5.0, connections_per_s=50.0)
    assert "faster" == judge(a, b, "--metric", "server_calls")[1]["x"]
    code, verdicts, _ = judge(a, b, "--metric", "connections_per_s")  # of which more is better
    assert (SLOWER, "slower") == (code, verdicts["x"])
    code, verdicts, _ = judge(a, b, "--metric", "no_such")
    assert (NOT_ALL, "not compared") == (code, verdicts["x"])


def test_zeros_have_no_ratio(judge):
    a = rounds("x", 100, server_calls=0)
    assert "cannot tell" == judge(a, a, "--metric", "server_calls")[1]["x"]


def test_benchmarks_of_one_side_are_listed(judge):
    x = rounds("x", 100)
    code, verdicts, out = judge(x + rounds("old", 1), x + rounds("new", 1))
    assert NOT_ALL == code
    assert {"old": "not compared", "new": "not compared", "x": "cannot tell"} == {
        name: verdicts[name] for name in ("old", "new", "x")}
    assert "B has no such benchmark" in out and "A has no such benchmark" in out


def test_a_failed_benchmark_has_no_verdict(judge):
    code, verdicts, out = judge(rounds("x", 100), rounds("x", 50) + failed("x", "failed: 3 of 9"))
    assert (NOT_ALL, "not compared") == (code, verdicts["x"])
    assert "B failed: 3 of 9" in out


def test_what_neither_side_can_run_is_no_fault(judge):
    skipped = failed("x", "skipped: no io_uring")
    code, verdicts, out = judge(skipped, skipped)
    assert (DONE, "skipped") == (code, verdicts["x"])
    assert "no io_uring" in out
    assert NOT_ALL == judge(skipped, rounds("x", 100))[0]


def test_slower_comes_before_what_is_missing(judge):
    assert SLOWER == judge(rounds("x", 100) + rounds("old", 1), rounds("x", 200))[0]


@pytest.mark.parametrize("words, said", [
    (("no-such-revision", "."), "'no-such-revision' is no file and no git revision"),
    (("none.json", "none.json"), "'none.json' has no results"),
    (("none.json", "."), "name two JSON files"),
    (("--rounds", "0", ".", "."), "--rounds"),
    ((), "required: A, B"),
])
def test_wrong_usage_is_reported(words, said):
    done = compare(*words)
    assert USAGE == done.returncode
    assert said in done.stderr


def test_the_help_has_the_exit_codes():
    assert "3 something is slower" in compare("--help").stdout


def test_two_programs_are_run_in_turns_and_kept(tmp_path):
    program = micro.program("BENCH_PURE")
    done = compare(program, program, "--rounds", 6, "--min-time", 0.001, "--out", tmp_path,
                   "--filter", "^parse_(rate|target)$")
    assert done.returncode in (DONE, SLOWER), done.stderr  # a verdict of times is not asserted
    for side in ("A", "B"):
        kept = json.loads((tmp_path / f"{side}.json").read_text())
        assert sorted(6 * ["parse_rate", "parse_target"]) == sorted(
            one["name"] for one in kept["benchmarks"])
        assert kept["context"]["num_cpus"] > 0
    again = compare(tmp_path / "A.json", tmp_path / "B.json")
    assert (done.returncode, done.stdout) == (again.returncode, again.stdout)


def fake(path, times_ns, error=None):
    """A program that stands in for a benchmark's: its runs take these times, one after the other."""
    path.write_text(f"""#!{sys.executable}
import json, pathlib, sys
options = dict(word.split("=", 1) for word in sys.argv[1:])
if "--benchmark_list_tests" in options:
    sys.exit(print("x") or 0)
count = pathlib.Path(sys.argv[0] + ".count")
number = len(count.read_text()) if count.exists() else 0
count.write_text("." * (number + 1))
times = {list(times_ns)}
record = dict(name="x", run_type="iteration", time_unit="ns", real_time=times[number % len(times)])
if {error!r}:
    record["error_message"] = {error!r}
document = dict(context=dict(), benchmarks=[record])
pathlib.Path(options["--benchmark_out"]).write_text(json.dumps(document))
""")
    path.chmod(0o755)
    return path, pathlib.Path(f"{path}.count")


@pytest.fixture(name="compare_fakes")
def fixture_compare_fakes(tmp_path):
    """Compare two programs that take these times. Returns what was printed, and how often B ran."""

    def compare_fakes(a, b, error=None):
        (one, _), (two, count) = fake(tmp_path / "a", a), fake(tmp_path / "b", b, error)
        done = compare(one, two, "--rounds", 6, "--out", tmp_path)
        return done, len(count.read_text())

    return compare_fakes


def test_what_differs_is_measured_again(compare_fakes):
    done, runs = compare_fakes([100], [50])
    assert (DONE, 12) == (done.returncode, runs)
    assert "1 faster" in done.stdout


def test_what_differs_by_chance_does_not_the_second_time(compare_fakes):
    done, runs = compare_fakes([100], 6 * [90] + [90, 110, 99, 101, 95, 105])
    assert (DONE, 12) == (done.returncode, runs)
    assert "1 cannot tell" in done.stdout


def test_what_is_equal_is_measured_once(compare_fakes):
    done, runs = compare_fakes([100], [90, 110, 99, 101, 95, 105])
    assert (DONE, 6) == (done.returncode, runs)


def test_what_fails_is_not_run_again(compare_fakes):
    done, runs = compare_fakes([100], [100], error="failed: 1 of 6")
    assert (NOT_ALL, 1) == (done.returncode, runs)
    assert "B failed: 1 of 6" in done.stdout


def test_a_program_that_cannot_be_run_is_reported(tmp_path):
    program = tmp_path / "a"
    program.write_text("#!/nowhere\n")
    program.chmod(0o755)
    done = compare(program, program, "--out", tmp_path)
    assert CANNOT_RUN == done.returncode
    assert f"compare: cannot run {program}: " in done.stderr


def test_a_filter_that_matches_nothing_is_refused():
    program = micro.program("BENCH_PURE")
    done = compare(program, program, "--filter", "no such")
    assert USAGE == done.returncode
    assert "no benchmark matches 'no such'" in done.stderr
