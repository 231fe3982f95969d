"""What hello-load reports in full: its JSON document and its histogram log."""
import base64
import bisect
import collections
import json
import os
import struct
import subprocess
import tempfile
import zlib

from programs import DEADLINE_S, environment

PHASES = ("connect", "greeting", "close")


class Run:
    """A hello-load that runs, and is going to print JSON."""

    def __init__(self, *args, env=None, before=None):
        self.output, self.errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [os.environ["HELLO_LOAD"], "--json", *map(str, args)], env=environment(env),
            preexec_fn=before, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.errors,
        )
        self.pid = self.process.pid

    def report(self, within=8 * DEADLINE_S):
        """Wait for the end of the run. Returns what it reports."""
        try:
            code = self.process.wait(within)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.output.seek(0)
        self.errors.seek(0)
        output, errors = self.output.read().decode(), self.errors.read().decode()
        assert code in (0, 3), (code, output, errors)
        return Report(code, json.loads(output), errors)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Report:
    """What a run reported. Times are seconds."""

    def __init__(self, code, document, stderr):
        self.code, self.json, self.stderr = code, document, stderr
        result = document["result"]
        self.all, self.targets = result["all"], result["targets"]
        for name in ("started", "ok", "failed", "late", "dropped", "warmup", "connections_per_s"):
            setattr(self, name, self.all[name])
        self.usage = document["usage"]
        self.stalls = document["stalls"]
        self.verdicts = {verdict["name"]: verdict["text"] for verdict in document["verdicts"]}
        self.errors = _errors(self.all)
        self._check()

    def _check(self):
        """What must hold for every run."""
        for target in (self.all, *self.targets):
            assert target["started"] == target["ok"] + target["failed"] + target["abandoned"], target
            assert target["failed"] == sum(_errors(target).values()), target
            for name in ("connect", "greeting", "close", "total"):
                assert target["timings"][name]["count"] == target["ok"], target
        for name in ("started", "ok", "failed", "abandoned", "late", "dropped", "warmup"):
            assert self.all[name] == sum(target[name] for target in self.targets), name
        assert self.code == (0 if all(one["holds"] for one in self.json["assertions"]) else 3)

    def time(self, timing, percentile, target=None):
        """A percentile ("50", "99.9") of a timing ("connect"), or its "min", "mean", "max"."""
        values = (target or self.all)["timings"][timing]
        if percentile in ("min", "mean", "max"):
            return values[percentile + "_ns"] / 1e9
        return values["percentiles_ns"][percentile] / 1e9

    def stalled(self, longest_s):
        """True if this machine stood still for longer than that, so that times may be off."""
        return self.stalls["longest_ns"] > longest_s * 1e9


def _errors(target):
    """{(phase, kind): count} of all that were seen."""
    return {
        (phase, kind): count
        for phase in PHASES
        for kind, count in target["errors"][phase].items()
        if count
    }


# A histogram log of HdrHistogram (V2), read from its description alone

_COOKIE, _COMPRESSED_COOKIE = 0x1C849313, 0x1C849314
_SUB_BUCKETS = 2048  # 3 significant digits


def _highest_value(index):
    """The highest value that is counted at an index: unit magnitude 0, 3 significant digits."""
    half = _SUB_BUCKETS // 2
    bucket = max(index // half - 1, 0)
    sub = index if index < _SUB_BUCKETS else index % half + half
    return ((sub + 1) << bucket) - 1


def _zigzag_numbers(data):
    """LEB128 of ZigZag numbers: seven bits in each byte, but eight in a ninth."""
    position = 0
    while position < len(data):
        value = shift = 0
        while True:
            byte = data[position]
            position += 1
            value |= (byte if shift == 56 else byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift == 63:
                break
        yield (value >> 1) ^ -(value & 1)


def _decode(text):
    packed = base64.b64decode(text)
    cookie, length = struct.unpack(">II", packed[:8])
    assert cookie == _COMPRESSED_COOKIE, hex(cookie)
    raw = zlib.decompress(packed[8:8 + length])
    cookie, length, _, digits, lowest, _, _ = struct.unpack(">IIIIQQd", raw[:40])
    assert (cookie, digits, lowest) == (_COOKIE, 3, 1), (hex(cookie), digits, lowest)
    counts, index = collections.Counter(), 0
    for number in _zigzag_numbers(raw[40:40 + length]):
        if number < 0:  # so many zeros
            index -= number
        else:
            counts[_highest_value(index)] += number
            index += 1
    return +counts


class Histogram:
    """Times in seconds, as they were logged."""

    def __init__(self, counts):
        self.values = sorted(counts)
        self.sums = []  # how many are no longer than the value
        for value in self.values:
            self.sums.append((self.sums[-1] if self.sums else 0) + counts[value])

    @property
    def count(self):
        return self.sums[-1] if self.sums else 0

    def percentile(self, percentile):
        at = bisect.bisect_left(self.sums, self.count * percentile / 100)
        return self.values[at] / 1e9

    def count_between(self, low_s, high_s):
        def up_to(limit):
            at = bisect.bisect_left(self.values, limit * 1e9)
            return self.sums[at - 1] if at else 0

        return up_to(high_s) - up_to(low_s)


def histograms(path):
    """{tag: Histogram} of a whole log, all intervals together; what has no tag is the total."""
    counts = collections.defaultdict(collections.Counter)
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if line.startswith(("#", '"')):
                continue
            fields = line.strip().split(",")
            tag = fields.pop(0).removeprefix("Tag=") if line.startswith("Tag=") else "total"
            counts[tag].update(_decode(fields[3]))
    return {tag: Histogram(one) for tag, one in counts.items()}
