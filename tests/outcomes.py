"""What became of all tests: outcomes.py [--counts | --strict] FOLDER...

Each folder is one of build/ in which tests ran: junit.xml is CTest's, outcomes.jsonl that of conftest.py.
Prints the skipped tests, those that needed another try, and "N passed, N failed, N skipped", which is all
that --counts prints. Skipped may be what tests/may_skip lists: with --strict, what else was skipped makes
the exit code 1.
"""
import argparse
import collections
import fnmatch
import json
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

MAY_SKIP = pathlib.Path(__file__).resolve().parent / "may_skip"
IN_GROUP = re.compile(r"^\[  SKIPPED \] ([a-z]\w*)$", re.MULTILINE)  # as cmocka says it
WHY = re.compile(r"^SKIPPED: (.*)$", re.MULTILINE)


class Rule:
    """A line of may_skip."""

    def __init__(self, line):
        self.when, self.test, self.reason = line.split(None, 2)

    def holds(self, build, name, reason, required):
        if self.when.startswith("-"):
            if self.when[1:] in required:
                return False
        elif self.when != "any" and build not in self.when.split(","):
            return False
        return fnmatch.fnmatchcase(name, self.test) and fnmatch.fnmatchcase(reason, self.reason)


def rules_of(text):
    lines = (line.strip() for line in text.splitlines())
    return [Rule(line) for line in lines if line and not line.startswith("#")]


class Outcomes:
    """Of the tests in one folder of build/."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        self.build = folder.name
        self.outcomes = {}  # name: passed, failed or skipped
        self.reasons = collections.defaultdict(str)
        self.tries = collections.Counter()
        if (folder / "outcomes.jsonl").exists():
            self._read_pytest((folder / "outcomes.jsonl").read_text(encoding="utf-8"))
        if (folder / "junit.xml").exists():
            self._read_ctest(xml.parse(folder / "junit.xml"))

    def _read_pytest(self, text):
        for line in text.splitlines():
            entry = json.loads(line)
            if entry["outcome"] == "rerun":
                self.tries[entry["name"]] += 1
            else:
                self._add(entry["name"], entry["outcome"], entry["reason"])

    def _read_ctest(self, tree):
        """Entry CLASS.NAME is, where pytest ran it, CLASS/test_NAME.py."""
        for case in tree.iter("testcase"):
            name, output = case.get("name"), case.findtext("system-out") or ""
            file = re.sub(r"^(\w+)\.(.*)$", r"\1/test_\2.py", name)
            inner = [outcome for test, outcome in self.outcomes.items()
                     if test == file or test.startswith(file + "::")]
            why = WHY.search(output)
            if case.get("status") == "fail" and "failed" not in inner:
                self._add(name, "failed")
            elif case.get("status") not in ("run", "fail") and not inner:
                self._add(name, "skipped", why[1] if why else "")
            elif not inner:
                self._add(name, "passed")
            for test in IN_GROUP.findall(output):
                self._add(f"{name}::{test}", "skipped")

    def _add(self, name, outcome, reason=""):
        self.outcomes[name] = outcome
        self.reasons[name] = " ".join(reason.split())

    def skipped(self):
        """[(name, reason)]"""
        return [(name, self.reasons[name]) for name, one in self.outcomes.items() if one == "skipped"]


def summary(all_outcomes):
    counts = collections.Counter(one for outcomes in all_outcomes for one in outcomes.outcomes.values())
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("passed", "failed", "skipped"))


def print_tries(all_outcomes):
    tries = {f"{outcomes.build} {name}": count for outcomes in all_outcomes
             for name, count in outcomes.tries.items()}
    if tries:
        noun = "test" if len(tries) == 1 else "tests"
        print(f"{len(tries)} {noun} needed another try: " + ", ".join(
            name + (f" ({count} more)" if count > 1 else "") for name, count in sorted(tries.items())))
    else:
        print("no test needed another try")


def print_skipped(all_outcomes, rules, required):
    """Returns how many may not be skipped."""
    counts, forbidden = collections.Counter(), 0
    for outcomes in all_outcomes:
        for name, reason in outcomes.skipped():
            allowed = any(rule.holds(outcomes.build, name, reason, required) for rule in rules)
            forbidden += not allowed
            what = "skipped" if allowed else "skipped, which tests/may_skip does not allow"
            test = re.sub(r"\[.*", "[...]", name)
            counts[f"{what}: {outcomes.build} {test}: {reason or 'see there'}"] += 1
    for line, count in counts.items():
        print(line + (f" ({count} times)" if count > 1 else ""))
    return forbidden


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="*")
    parser.add_argument("--counts", action="store_true", help="print the counts only")
    parser.add_argument("--strict", action="store_true", help="exit code 1 if something else was skipped")
    asked = parser.parse_args()
    all_outcomes = [Outcomes(folder) for folder in asked.folder]
    forbidden = 0
    if not asked.counts:
        required = os.environ.get("HELLO_REQUIRE", "").split()
        forbidden = print_skipped(all_outcomes, rules_of(MAY_SKIP.read_text(encoding="utf-8")), required)
        if forbidden and required:
            print(f"required are (HELLO_REQUIRE): {' '.join(required)}")
        print_tries(all_outcomes)
    print(summary(all_outcomes))
    return 1 if asked.strict and forbidden else 0


if __name__ == "__main__":
    sys.exit(main())
