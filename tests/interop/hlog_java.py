"""Read a log of histograms by HdrHistogram's own HistogramLogProcessor, and compare it with what its writer says:
  hlog_java.py HLOG_SAMPLE FILE
HLOG_SAMPLE is the program that writes FILE. First without any option: what has no tag is read then. Then tag by tag:
each line of the percentiles that it prints must count just the samples that are not above its value.
Exit code: 0 all equal; 77 there is no Java or no HdrHistogram; else they differ.
"""
import json
import os
import shutil
import subprocess
import sys

EXIT_SKIPPED = 77
JAR = "/usr/share/java/hdrhistogram.jar"  # Debian: libhdrhistogram-java
LAST_NS = 2**42 - 1  # what is longer is counted in the last bucket


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(EXIT_SKIPPED)


def process(file, *options):
    """What HistogramLogProcessor prints: its lines of (value, count), and its total count."""
    result = subprocess.run(
        ["java", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor", "-i", file, *options],
        capture_output=True, text=True, timeout=50, stdin=subprocess.DEVNULL,
    )
    assert (result.returncode, result.stderr) == (0, ""), result
    lines = [line.split() for line in result.stdout.splitlines()]
    steps = [(round(float(line[0])), int(line[2])) for line in lines if line and line[0][0].isdigit()]
    totals = [line[-1].rstrip("]") for line in lines if "count" in line]
    assert len(totals) == 1, result.stdout
    return steps, int(totals[0])


def main(program, file):
    if not shutil.which("java"):
        skip("no java: install default-jre-headless")
    if not os.path.exists(JAR):
        skip(f"no {JAR}: install libhdrhistogram-java")
    output = subprocess.run([program, file], check=True, capture_output=True, text=True, timeout=50).stdout
    samples = {}
    for line in map(json.loads, output.splitlines()):
        if not line.get("total"):
            samples.setdefault(line["tag"], []).extend(min(ns, LAST_NS) for ns in line["samples"])
    _, count = process(file)
    assert count == len(samples[None]) > 0, (count, len(samples[None]))
    compared = 0
    for tag, values in samples.items():
        steps, count = process(file, "-outputValueUnitRatio", "1", *(["-tag", tag] if tag else []))
        assert count == len(values), (tag, count, len(values))
        for value, below in steps:
            assert below == sum(ns <= value for ns in values), (tag, value, below)
        compared += len(steps)
    assert compared > 0, "nothing was compared"
    print(f"{len(samples)} tags, {compared} percentiles: all equal")


if __name__ == "__main__":
    main(*sys.argv[1:])
