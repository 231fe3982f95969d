"""What became of each test, a line of JSON each, in the file that HELLO_OUTCOMES names (see outcomes.py).

CTest sees a whole file of tests as one; this records what was skipped or tried anew in it."""
import json
import os


class Recorder:
    """All files of a run write to one, so each line is appended by itself."""

    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8", buffering=1)

    def record(self, report):
        reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
        line = {"name": report.nodeid, "outcome": report.outcome,
                "reason": reason.removeprefix("Skipped: "), "seconds": getattr(report, "duration", 0)}
        self.file.write(json.dumps(line) + "\n")

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.record(report)

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.record(report)


def pytest_configure(config):
    path = os.environ.get("HELLO_OUTCOMES")
    if path:
        config.pluginmanager.register(Recorder(path))
