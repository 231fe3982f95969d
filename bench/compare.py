"""Compare two builds by the benchmarks of bench/micro: is B faster than A, slower, or can it not tell?

A and B are each one of
  a git revision     built in build/compare-A and build/compare-B; "." is the tree as it is
  a program          bench_pure or bench_connection of a build
  a JSON file        results that an earlier comparison kept, or --benchmark_out wrote (both must be)

In each round every benchmark runs once on both sides, one right after the other, in random order, so
that what a neighbour takes from the machine for a while it takes from both. The ratio is the median
of the rounds' ratios; it counts if its bootstrap confidence interval (95 %) leaves out 1. Of benchmarks
that are equal, about one in fifteen differs by chance. So those that differ are measured
a second time, and only that counts.

Exit code: 0 nothing is slower; 1 it could not run; 2 wrong usage; 3 something is slower; 4 nothing is
slower, but something failed or is on one side only.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "bench" / "suite"))
import ratios  # noqa: E402
import unlike  # noqa: E402

DONE, CANNOT_RUN, USAGE, SLOWER, NOT_ALL = range(5)
SIDES = ("A", "B")
CHANGES = ("faster", "slower")
PROGRAMS = ("bench_pure", "bench_connection")
ROUNDS_MIN = 6  # of fewer, all may lie on one side of 1 by chance (5: one time in 16)
NS_PER_UNIT = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
SKIPPED = "skipped: "  # what bench_skip puts before its reason
RUN_TIMEOUT_S = 600


class Problem(Exception):
    """Something that ends the comparison, with what to say of it and the exit code."""

    def __init__(self, text, code=CANNOT_RUN):
        super().__init__(text)
        self.code = code


def run(command, **options):
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(f"cannot run {command[0]}: {error}") from error


# What is compared: a side is where its programs are, or what was kept of them


def commit_of(revision):
    found = run(["git", "-C", TOP, "rev-parse", "--verify", "--quiet", revision + "^{commit}"])
    if found.returncode != 0:
        raise Problem(f"'{revision}' is no file and no git revision", USAGE)
    return found.stdout.strip()


def extract(commit, folder):
    """Lay out the files of a commit in a new folder. Returns it."""
    folder.mkdir()
    archive = subprocess.run(["git", "-C", TOP, "archive", commit], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    if not (folder / "bench" / "micro").is_dir():
        raise Problem(f"{commit} has no bench/micro; name a later revision", USAGE)
    return folder


def build(side, revision):
    """Build a revision in build/compare-SIDE, unless it was built there. Returns its programs."""
    place = TOP / "build" / f"compare-{side}"
    programs = [place / "bench" / "micro" / program for program in PROGRAMS]
    is_tree = revision == "."
    what = "the tree as it is" if is_tree else commit_of(revision)
    mark = place / "built"
    if not mark.exists() or mark.read_text(encoding="ascii") != what:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    elif not is_tree:
        return programs
    print(f"compare: building {side}: {what}", file=sys.stderr)
    source = TOP if is_tree else extract(what, place / "source")
    for command in (["cmake", "-G", "Ninja", "-S", source, "-B", place, "-DHELLO_TESTS=OFF",
                     "-DCMAKE_BUILD_TYPE=Release", "-DHELLO_BENCH=ON"],
                    ["cmake", "--build", place, "--target", *PROGRAMS]):
        done = run(command)
        if done.returncode != 0:
            raise Problem(f"{side} cannot be built:\n{done.stdout}{done.stderr}")
    mark.write_text(what, encoding="ascii")
    return programs


def programs_of(side, name):
    path = pathlib.Path(name)
    if path.is_file() and os.access(path, os.X_OK):
        return [path.resolve()]
    return build(side, name)


def read_results(name):
    try:
        document = json.loads(pathlib.Path(name).read_text(encoding="utf-8"))
        return document["benchmarks"], document.get("context", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(f"'{name}' has no results of benchmarks: {error!r}", USAGE) from error


# Measuring


def list_benchmarks(programs, pattern):
    """The program of each benchmark, by the benchmark's name."""
    found = {}
    for program in programs:
        done = run([program, "--benchmark_list_tests=true", f"--benchmark_filter={pattern}"])
        if done.returncode in (0, 2):  # 2: none matches
            found.update((name, program) for name in done.stdout.split())
        else:
            raise Problem(f"{program} lists no benchmarks:\n{done.stdout}{done.stderr}")
    return found


def measure(program, name, min_time_s):
    """Run one benchmark once. Returns what Google Benchmark says of it, and of the machine."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        done = run([program, f"--benchmark_filter=^{re.escape(name)}$", f"--benchmark_out={out}",
                    f"--benchmark_min_time={min_time_s}"], timeout=RUN_TIMEOUT_S)
        try:
            document = json.loads(out.read_text(encoding="utf-8"))
            [record] = document["benchmarks"]
        except (OSError, ValueError, KeyError) as error:
            raise Problem(f"{program} {name} ended with exit code {done.returncode}:\n"
                          f"{done.stdout}{done.stderr}") from error
    return record, {**document["context"], "here": unlike.here()}


class Rounds:
    """Runs of benchmarks on both sides in turns, in random order."""

    def __init__(self, options, lists):
        self.options, self.lists = options, lists  # of each side, the program of each benchmark
        self.shuffle = random.Random(options.seed)
        self.contexts = [{}, {}]

    def run(self, names):
        """Returns the records of each side. One that fails on either side is not run again."""
        names, records = list(names), ([], [])
        for number in range(1, self.options.rounds + 1):
            print(f"compare: round {number} of {self.options.rounds}, benchmarks: {len(names)}",
                  file=sys.stderr)
            for name in self.shuffle.sample(names, len(names)):
                for i in self.shuffle.sample((0, 1), 2):
                    record, self.contexts[i] = measure(
                        self.lists[i][name], name, self.options.min_time)
                    records[i].append(record)
                    if "error_message" in record and name in names:
                        names.remove(name)
        return records

    def run_again_if_different(self, records):
        """Of many that are equal, some differ by chance. What counts for those is a
        second measurement. Returns the records of each side."""
        sides = [by_name(side, self.options.metric) for side in records]
        names = [name for name in sides[0]
                 if judge(sides[0][name], sides[1].get(name), self.options.metric)[0] in CHANGES]
        if not names:
            return records
        print("compare: those that differ, once more; only that counts", file=sys.stderr)
        again = self.run(names)
        return [[record for record in first if record["name"] not in names] + second
                for first, second in zip(records, again)]

    def keep(self, records):
        folder = self.options.out
        folder.mkdir(parents=True, exist_ok=True)
        for side, context, kept in zip(SIDES, self.contexts, records):
            document = json.dumps({"context": context, "benchmarks": kept}, indent=1)
            (folder / f"{side}.json").write_text(document, encoding="utf-8")
        print(f"compare: kept in {folder}/A.json and B.json", file=sys.stderr)


def measure_sides(options, sides):
    """Measure all benchmarks that both sides have, and keep the results. Returns the records of each
    side, of a benchmark that only one side has its name, and the contexts."""
    lists = [list_benchmarks(programs, options.filter) for programs in sides]
    if not any(lists):
        raise Problem(f"no benchmark matches '{options.filter}'", USAGE)
    rounds = Rounds(options, lists)
    records = rounds.run_again_if_different(rounds.run(name for name in lists[0] if name in lists[1]))
    for i, names in enumerate(lists):
        records[i].extend({"name": name} for name in names if name not in lists[1 - i])
    rounds.keep(records)
    return records, rounds.contexts


# Judging


class Benchmark:
    """What one side has of one benchmark."""

    def __init__(self):
        self.values, self.error = [], None

    def add(self, record, metric):
        if "error_message" in record:
            self.error = record["error_message"]
        elif metric in record:
            is_time = metric in ("real_time", "cpu_time")
            self.values.append(record[metric] * (NS_PER_UNIT[record["time_unit"]] if is_time else 1))


def by_name(records, metric):
    benchmarks = {}
    for record in records:
        if record.get("run_type") != "aggregate":
            benchmarks.setdefault(record["name"], Benchmark()).add(record, metric)
    return benchmarks


def judge(a, b, metric):
    """The verdict on two Benchmarks, or None if they cannot be compared; and its text."""
    for side, one in zip(SIDES, (a, b)):
        if one is None:
            return None, f"{side} has no such benchmark"
    if a.error or b.error:
        if a.error == b.error and a.error.startswith(SKIPPED):
            return "skipped", a.error.removeprefix(SKIPPED)
        return None, "; ".join(f"{side} {one.error}" for side, one in zip(SIDES, (a, b)) if one.error)
    count = min(len(a.values), len(b.values))
    if count == 0:
        return None, f"no {metric}"
    values, others = a.values[:count], b.values[:count]
    if metric.endswith("_per_s"):  # more is better; of all else, less
        values, others = others, values
    figures = f"{ratios.median(a.values):12.5g} {ratios.median(b.values):12.5g}"
    if 0 in values + others:
        return "cannot tell", f"{'-':>7} {'has zeros':>16} {figures}"
    ratio, low, high = ratios.paired(values, others)
    verdict = ratios.verdict(low, high) if count >= ROUNDS_MIN else "cannot tell"
    return verdict, f"{ratio:7.3f} {f'{low:.3f} to {high:.3f}':>16} {figures}"


def warn_if_unlike(contexts):
    """Print what makes the sides incomparable, if anything does."""
    line = unlike.line({side: [unlike.facts_of_context(context)] for side, context in zip(SIDES, contexts)})
    if line:
        print(f"compare: warning: {line}", file=sys.stderr)


def compare(records, contexts, metric):
    """Print the verdicts. Returns the exit code."""
    warn_if_unlike(contexts)
    sides = [by_name(side, metric) for side in records]
    names = list(dict.fromkeys([*sides[0], *sides[1]]))
    unit = ", ns" if metric in ("real_time", "cpu_time") else ""
    counts = dict.fromkeys(("faster", "slower", "cannot tell", "skipped", "not compared"), 0)
    print(f"Of B against A, by {metric}{unit}; above 1 B is the better:")
    print(f"{'':12} {'ratio':>7} {'95 % interval':>16} {'A':>12} {'B':>12} benchmark")
    for name in names:
        verdict, figures = judge(sides[0].get(name), sides[1].get(name), metric)
        counts[verdict or "not compared"] += 1
        print(f"{verdict or 'not compared':12} {figures:50} {name}")
    print(", ".join(f"{count} {what}" for what, count in counts.items() if count))
    rounds = max((len(one.values) for side in sides for one in side.values()), default=0)
    if rounds < ROUNDS_MIN:
        print(f"No verdict on fewer than {ROUNDS_MIN} rounds.")
    if counts["slower"]:
        return SLOWER
    return NOT_ALL if counts["not compared"] else DONE


def at_least_one(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def read_options():
    parser = argparse.ArgumentParser(prog="bench/compare", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", metavar="A", help="what is compared with")
    parser.add_argument("b", metavar="B", help="what is judged")
    parser.add_argument("--filter", metavar="REGEX", default=".",
                        help="only benchmarks whose name has a match for this")
    parser.add_argument("--rounds", metavar="N", type=at_least_one, default=9,
                        help=f"how often each runs on each side; {ROUNDS_MIN} or more (default: 9)")
    parser.add_argument("--min-time", metavar="S", type=float, default=0.1,
                        help="seconds that a run takes at least (default: 0.1)")
    parser.add_argument("--metric", metavar="NAME", default="real_time",
                        help="what counts: real_time (default), cpu_time, or a counter, such as "
                             "server_cpu_us, server_calls or connections_per_s")
    parser.add_argument("--out", metavar="DIR", type=pathlib.Path, default=TOP / "build" / "compare",
                        help="where results are kept (default: build/compare)")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="of the order (default: 1)")
    return parser.parse_args()


def main():
    options = read_options()
    names = (options.a, options.b)
    kept = [name.endswith(".json") for name in names]
    if all(kept):
        return compare(*zip(*map(read_results, names)), options.metric)
    if any(kept):
        raise Problem("results can be compared with results only: name two JSON files", USAGE)
    sides = [programs_of(side, name) for side, name in zip(SIDES, names)]
    return compare(*measure_sides(options, sides), options.metric)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        print(f"compare: {problem}", file=sys.stderr)
        sys.exit(problem.code)
    except KeyboardInterrupt:
        sys.exit("compare: interrupted")
