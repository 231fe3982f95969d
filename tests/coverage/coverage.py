"""Which lines of src the tests did not reach: coverage.py [--all] BUILD

BUILD is a folder of build/ that was built with HELLO_COVERAGE, and in which tests ran. Prints a table, a row
for each folder of src. Then each line that was not reached and that no entry of tests/unreached accepts, and
each entry that accepts nothing. If there is any, the exit code is 1. --all prints the accepted lines as well.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
LIST = "tests/unreached"
ENTRY = re.compile(r"(?P<sometimes>sometimes )?(?P<file>src/\S+) (?P<function>\S+): (?P<text>\S.*)")

OBJECT = re.compile(r"\.dir/(?P<file>.*)\.gcno$")  # CMake's name for it


class Line:
    """A line that has code."""

    def __init__(self, file, number, function, text):
        self.file, self.number, self.function, self.text = file, number, function, text
        self.count = 0
        self.branches = []  # how often each way was taken

    def add(self, count, branches):
        """The same line as another object has it: a header is in many."""
        self.count += count
        if len(branches) == len(self.branches):
            self.branches = [a + b for a, b in zip(self.branches, branches)]
        elif not self.branches:
            self.branches = branches


def pattern_of(text):
    """Only * is special, since C has [ and ?."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


class Entry:
    """Of tests/unreached: lines that need not be reached."""

    def __init__(self, match, number):
        self.number, self.sometimes, self.head = number, bool(match["sometimes"]), match[0]
        self.patterns = [pattern_of(match[name]) for name in ("file", "function", "text")]

    def fits(self, line):
        values = (line.file, line.function, line.text)
        return all(pattern.fullmatch(value) for pattern, value in zip(self.patterns, values))


def entries_of(text):
    """The entries: lines that begin in the first column; below them, indented, is the reason of them all."""
    entries, without_reason = [], []
    for number, line in enumerate(text.splitlines(), 1):
        match = ENTRY.fullmatch(line)
        if match:
            entries.append(Entry(match, number))
            without_reason.append(number)
        elif line.startswith("    ") and entries:
            without_reason = []
        elif line and not line.startswith("#"):
            sys.exit(f"{LIST}:{number}: is no entry: '{line}'; write [sometimes ]FILE FUNCTION: TEXT, or indent a reason")
    if without_reason:
        sys.exit(f"{LIST}:{without_reason[0]}: has no reason; write it below the entry, indented")
    return entries


def source_lines(top, file):
    return (top / file).read_text(encoding="utf-8").splitlines()


def lines_of(documents, top):
    """The lines of src in what gcov says of each object: [Line]. A file that is in no object is one line."""
    lines, texts, compiled = {}, {}, set()
    for document in documents:
        compiled.add("src/" + OBJECT.search(document["data_file"])["file"])
        for part in document["files"]:
            path = pathlib.Path(os.path.normpath(os.path.join(document["current_working_directory"], part["file"])))
            if top / "src" not in path.parents:
                continue
            file = str(path.relative_to(top))
            texts.setdefault(file, source_lines(top, file))
            for told in part["lines"]:
                number = told["line_number"]
                line = lines.setdefault((file, number), Line(file, number, told.get("function_name", "-"),
                                                             texts[file][number - 1].strip()))
                line.add(told["count"], [branch["count"] for branch in told["branches"]])
    for path in sorted((top / "src").rglob("*.c")):
        file = str(path.relative_to(top))
        if file not in compiled:
            lines[file, 1] = Line(file, 1, "-", "in no object")
    return [lines[key] for key in sorted(lines)]


def gcov_documents(build):
    """What gcov says of each object of src in this build."""
    notes = sorted(map(str, (build / "src").rglob("*.gcno")))
    if not notes:
        sys.exit(f"{build}/src has no counts; build it with HELLO_COVERAGE: scripts/coverage")
    said = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # it tells of each that never ran
    return [json.loads(line) for line in said.stdout.splitlines()]


def percent(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def table_of(lines, entries):
    """Rows of text. The ways of a CHECK are not counted: one of them must never be taken."""
    sums = collections.defaultdict(lambda: [0] * 5)
    for line in lines:
        ways = [] if "CHECK" in line.text else line.branches
        accepted = not line.count and any(entry.fits(line) for entry in entries)
        values = (1, line.count > 0, accepted, len(ways), sum(count > 0 for count in ways))
        for name in (str(pathlib.PurePath(line.file).parent), "all"):
            sums[name] = [a + b for a, b in zip(sums[name], values)]
    yield f"{'folder':<16}{'lines':>7}{'reached':>9}{'%':>7}{'accepted':>10}{'branches':>10}{'taken':>7}{'%':>7}"
    for name in sorted(sums, key=lambda name: (name == "all", name)):
        count, reached, accepted, ways, taken = sums[name]
        yield (f"{name:<16}{count:>7}{reached:>9}{percent(reached, count):>7}{accepted:>10}"
               f"{ways:>10}{taken:>7}{percent(taken, ways):>7}")


def faults_of(lines, entries):
    """What is wrong: a line each."""
    for line in lines:
        if not line.count and not any(entry.fits(line) for entry in entries):
            yield f"{line.file}:{line.number}: not reached: {line.function}: {line.text}"
    for entry in entries:
        meant = [line for line in lines if entry.fits(line)]
        if not meant:
            yield f"{LIST}:{entry.number}: no such line: {entry.head}"
        elif not entry.sometimes and all(line.count for line in meant):
            yield f"{LIST}:{entry.number}: is reached: {entry.head}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--all", action="store_true", help="print the accepted lines as well")
    asked = parser.parse_args()
    entries = entries_of((TOP / LIST).read_text(encoding="utf-8"))
    lines = lines_of(gcov_documents(asked.build), TOP)
    print(*table_of(lines, entries), sep="\n")
    if asked.all:
        print(*(f"{line.file}:{line.number}: accepted: {line.function}: {line.text}" for line in lines
                if not line.count and any(entry.fits(line) for entry in entries)), sep="\n")
    faults = list(faults_of(lines, entries))
    if faults:
        print("", *faults, "", sep="\n")
        print(f"{len(faults)} faults; reach the line by a test, or list it with a reason in {LIST}; "
              "remove an entry that is reached, or gone")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
