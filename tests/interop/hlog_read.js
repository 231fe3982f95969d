// Read a log of histograms by hdr-histogram-js, and compare it with what its writer says of it:
//   node hlog_read.js MODULES HLOG_SAMPLE FILE
// MODULES is the node_modules where hdr-histogram-js is, HLOG_SAMPLE the program that writes FILE.
// Each interval is compared with a histogram that hdr-histogram-js itself made of the same samples:
// bucket by bucket. Exit code: 0 all equal; 77 hdr-histogram-js is missing; else they differ.
"use strict";
const assert = require("assert");
const childProcess = require("child_process");
const fs = require("fs");
const path = require("path");

const EXIT_SKIPPED = 77;
const UNIX_START_MS = 1700000000250;
const LAST_NS = 2 ** 42 - 1; // what is longer is counted in the last bucket
const NO_TAG = "NO TAG"; // what hdr-histogram-js makes of a line without one

const [modules, program, file] = process.argv.slice(2);
let hdr;
try {
    hdr = require(path.join(modules, "hdr-histogram-js"));
} catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") {
        throw error;
    }
    console.log(`SKIPPED: no hdr-histogram-js in ${modules}: run scripts/test, which installs it`);
    process.exit(EXIT_SKIPPED);
}

function emptyHistogram() {
    return hdr.build({
        bitBucketSize: 64,
        lowestDiscernibleValue: 1,
        highestTrackableValue: 3600e9,
        numberOfSignificantValueDigits: 3,
    });
}

function recorded(samples) {
    const histogram = emptyHistogram();
    samples.forEach((ns) => histogram.recordValue(Math.min(ns, LAST_NS)));
    return histogram;
}

function buckets(histogram) {
    return Array.from({ length: histogram.countsArrayLength }, (_, i) => histogram.getCountAtIndex(i));
}

function sameBucket(histogram, one, other) {
    const bucket = (ns) => histogram.countsArrayIndex(Math.min(ns, LAST_NS));
    return bucket(one) === bucket(other);
}

// What the writer says of a histogram must be what hdr-histogram-js sees in it.
function checkSummary(read, written, where) {
    assert.strictEqual(read.totalCount, written.count, `${where}: count`);
    if (written.count === 0) {
        return;
    }
    assert(sameBucket(read, read.maxValue, written.max), `${where}: max ${read.maxValue}, not ${written.max}`);
    const min = written.min === 0 ? 0 : read.minNonZeroValue;
    assert(sameBucket(read, min, written.min), `${where}: min ${min}, not ${written.min}`);
    for (const [percentile, ns] of written.percentiles) {
        const seen = read.getValueAtPercentile(percentile);
        assert(sameBucket(read, seen, ns), `${where}: percentile ${percentile}: ${seen}, not ${ns}`);
        if (percentile > 0) { // seen is the highest value of its bucket, the last of which has no end
            const high = seen === LAST_NS ? written.max : seen;
            assert.strictEqual(ns, Math.min(high, written.max), `${where}: percentile ${percentile}`);
        }
    }
}

function checkInterval(read, written, where) {
    assert.strictEqual(read.tag, written.tag ?? NO_TAG, `${where}: tag`);
    assert.strictEqual(read.startTimeStampMsec, UNIX_START_MS + written.start_s * 1000, `${where}: start`);
    assert.strictEqual(read.endTimeStampMsec - read.startTimeStampMsec, written.length_s * 1000, `${where}: length`);
    assert.deepStrictEqual(buckets(read), buckets(recorded(written.samples)), `${where}: buckets`);
    assert.strictEqual(written.above, written.samples.filter((ns) => ns > 3600e9).length, `${where}: above`);
    checkSummary(read, written, where);
}

const lines = childProcess.execFileSync(program, [file], { encoding: "utf8", maxBuffer: 1 << 26 });
const written = lines.trim().split("\n").map((line) => JSON.parse(line));
const reader = new hdr.HistogramLogReader(fs.readFileSync(file, "utf8"));
const totals = new Map();
let intervals = 0;
let values = 0;

for (const expected of written) {
    if (expected.total) {
        checkSummary(totals.get(expected.tag), expected, `${expected.tag}, all intervals`);
        continue;
    }
    const read = reader.nextIntervalHistogram();
    assert(read, `${expected.tag} at ${expected.start_s} s: the log ends too early`);
    checkInterval(read, expected, `${expected.tag} at ${expected.start_s} s`);
    if (!totals.has(expected.tag)) {
        totals.set(expected.tag, emptyHistogram());
    }
    totals.get(expected.tag).add(read);
    intervals += 1;
    values += read.totalCount;
}
assert.strictEqual(reader.nextIntervalHistogram(), null, "the log has more than was written");
assert(intervals > 0 && values > 0, "nothing was compared");
console.log(`${intervals} intervals of ${totals.size} tags, ${values} values: all equal`);
