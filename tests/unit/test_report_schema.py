"""report.schema.json: it is sound and strict, and what is printed for each sample keeps to it.

REPORT_JSON_PRINT is the program that prints samples (report_json_print.c), REPORT_SCHEMA the file."""
import copy
import csv
import datetime
import functools
import io
import json
import os
import subprocess

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="install python3-jsonschema")

KINDS = ("refused", "reset", "short", "mismatch", "extra", "connect_timeout", "timeout",
         "unreachable", "no_address", "no_port", "no_descriptor", "other")


def printed(*args):
    result = subprocess.run(
        [os.environ["REPORT_JSON_PRINT"], *args], check=True, capture_output=True, timeout=30
    )
    return result.stdout.decode()  # so it is UTF-8, too


SAMPLES = printed().split()


@functools.lru_cache(None)
def document_text(sample):
    return printed(sample)


def document(sample):
    def no_such_number(text):
        raise AssertionError(f"{text} is not JSON")

    def pairs_once(pairs):
        assert len(dict(pairs)) == len(pairs), "a name is there twice"
        return dict(pairs)

    return json.loads(document_text(sample), parse_constant=no_such_number,
                      object_pairs_hook=pairs_once)


with open(os.environ["REPORT_SCHEMA"], encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)


def strict(schema):
    """The same, but no member may be there that it does not name: what is printed must be described."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: strict(part) for name, part in schema.items()}
    if "properties" in schema or "patternProperties" in schema:
        if schema.get("type") == "object" or "object" in schema.get("type", []):
            kept.setdefault("additionalProperties", False)
    return kept


VALIDATOR = jsonschema.Draft202012Validator(strict(SCHEMA))


@pytest.fixture(params=SAMPLES)
def sample(request):
    return request.param


# The schema


def subschemas(schema, path="#"):
    """Every schema within one, with where it is."""
    yield path, schema
    for keyword in ("properties", "patternProperties", "$defs"):
        for name, child in schema.get(keyword, {}).items():
            yield from subschemas(child, f"{path}/{keyword}/{name}")
    if "items" in schema:
        yield from subschemas(schema["items"], f"{path}/items")


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_member_is_described_and_required_and_others_may_be_added():
    for path, schema in subschemas(SCHEMA):
        assert "description" in schema or "/items" in path and "$ref" in schema, path
        if "properties" in schema:
            assert schema["required"] == list(schema["properties"]), path
        assert "additionalProperties" not in schema, path
        if "$ref" not in schema:
            assert {"type", "const", "enum"} & set(schema), path


def test_the_schema_is_named_and_a_member_that_is_added_breaks_no_reader():
    assert SCHEMA["$id"] == "urn:hello-load:report:3"
    assert SCHEMA["properties"]["schema"] == {**SCHEMA["properties"]["schema"], "const": "hello-load/3"}
    later = small_document()
    for path in list(places(later)):
        if isinstance(at(later, path), dict) and path[-1:] not in (("settings",), ("other_errors",)):
            at(later, path).setdefault("added_later", 1)
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(later)


def test_every_unit_is_in_the_name_and_in_the_description():
    units = {"_ns": "nanoseconds", "_s": "second", "_bytes": "bytes", "_share": "share"}
    for path, schema in subschemas(SCHEMA):
        for suffix, unit in units.items():
            if path.endswith(suffix):
                assert unit in schema["description"], path


# What is printed


def test_each_sample_keeps_to_the_schema(sample):
    assert [error.message for error in VALIDATOR.iter_errors(document(sample))] == []


def test_a_document_is_ended_by_one_newline(sample):
    assert document_text(sample).endswith("}\n") and document_text(sample)[:2] == "{\n"


def small_document():
    """One of everything: what is there once more has the same schema."""
    whole = document("all")
    whole["stalls"]["kept"] = whole["stalls"]["kept"][:1]
    whole["series"]["intervals"] = whole["series"]["intervals"][1:2]
    for part in (whole["result"], whole["series"]["intervals"][0]):
        part["targets"] = part["targets"][:1]
    assert VALIDATOR.is_valid(whole)
    return whole


def places(value, path=()):
    """The path of every object and array within a value, outermost first."""
    if isinstance(value, (dict, list)):
        yield path
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def at(value, path):
    return functools.reduce(lambda inner, key: inner[key], path, value)


def test_a_member_that_is_missing_is_found():
    whole = small_document()
    may_be_missing = {"settings", "other_errors"}
    tried = 0
    for path in list(places(whole)):
        if isinstance(at(whole, path), list) or path and path[-1] in may_be_missing:
            continue
        for name in list(at(whole, path)):
            changed = copy.deepcopy(whole)
            del at(changed, path)[name]
            assert not VALIDATOR.is_valid(changed), (*path, name)
            tried += 1
    assert tried > 200


def test_a_member_that_is_not_known_is_found():
    whole = small_document()
    for path in list(places(whole)):
        if isinstance(at(whole, path), dict):
            changed = copy.deepcopy(whole)
            at(changed, path)["Surprise!"] = 1
            assert not VALIDATOR.is_valid(changed), path


@pytest.mark.parametrize("wrong", [[[]], {"a": 1}, -1, "", True], ids=repr)
def test_a_member_of_another_type_is_found(wrong):
    whole = small_document()
    for path in list(places(whole)):
        place = at(whole, path)
        for key, value in list(place.items() if isinstance(place, dict) else enumerate(place)):
            if type(value) is type(wrong):
                continue
            if wrong == "" and (value is None or isinstance(value, str)):
                continue
            if wrong is True and value is None:
                continue
            changed = copy.deepcopy(whole)
            at(changed, path)[key] = wrong
            assert not VALIDATOR.is_valid(changed), (*path, key)


def test_a_fraction_where_there_are_counts_is_found():
    whole = small_document()
    for path in list(places(whole)):
        for name, value in at(whole, path).items() if isinstance(at(whole, path), dict) else ():
            if isinstance(value, int) and not isinstance(value, bool):
                changed = copy.deepcopy(whole)
                at(changed, path)[name] = value + 0.5
                assert not VALIDATOR.is_valid(changed), (*path, name)


# What the numbers mean


def test_each_failure_is_counted_once(sample):
    result = document(sample)["result"]
    for target in (result["all"], *result["targets"]):
        failures = sum(sum(phase.values()) for phase in target["errors"].values())
        assert target["failed"] == failures
        assert target["started"] == target["ok"] + target["failed"]
        others = sum(phase["other"] for phase in target["errors"].values())
        assert others == sum(target["other_errors"].values())
        for phase in target["errors"].values():
            assert tuple(phase) == KINDS


def test_each_failure_of_a_second_is_counted_once_and_by_the_same_kinds(sample):
    for interval in document(sample)["series"]["intervals"]:
        for point in (interval["all"], *interval["targets"]):
            assert tuple(point["errors"]) == KINDS
            assert point["failed"] == sum(point["errors"].values())
    if sample in ("failures", "all"):
        assert all(document(sample)["series"]["intervals"][1]["all"]["errors"].values())


def test_all_is_the_sum_of_the_targets(sample):
    result = document(sample)["result"]
    for name in ("started", "ok", "ok_in_window", "failed", "late", "dropped", "abandoned", "warmup"):
        assert result["all"][name] == sum(target[name] for target in result["targets"])
    for phase, kinds in result["all"]["errors"].items():
        for kind, count in kinds.items():
            assert count == sum(target["errors"][phase][kind] for target in result["targets"])
    for name, timing in result["all"]["timings"].items():
        parts = [target["timings"][name] for target in result["targets"]]
        assert timing["count"] == sum(part["count"] for part in parts)
        if timing["count"]:
            assert timing["min_ns"] == min(part["min_ns"] for part in parts)
            assert timing["max_ns"] == max(part["max_ns"] for part in parts)


def test_percentiles_rise_from_the_minimum_to_the_maximum(sample):
    result = document(sample)["result"]
    for target in (result["all"], *result["targets"]):
        for timing in target["timings"].values():
            steps = [timing["min_ns"], *timing["percentiles_ns"].values(), timing["max_ns"]]
            if timing["count"]:
                assert steps == sorted(steps) and steps[0] <= timing["mean_ns"] <= steps[-1]
            else:
                assert set(steps) == {None} and timing["mean_ns"] is None


def test_percentiles_of_a_second_rise_to_its_maximum(sample):
    for interval in document(sample)["series"]["intervals"]:
        for point in (interval["all"], *interval["targets"]):
            for span in point["timings"].values():
                assert list(span) == ["p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns"]
                steps = list(span.values())
                assert set(steps) == {None} or steps == sorted(set(steps))


def test_text_that_is_not_utf8_is_escaped_and_the_other_is_as_typed():
    odd = document("odd_bytes")
    assert odd["run"]["targets"][0] == 'caf\u00e9 "\\\x1b[1m,\n'
    assert odd["result"]["targets"][0]["host"] == r'caf\xe9 "\\\x1b[1m,\n'
    assert odd["run"]["options"]["source"] == r"\xff\xfe"


def test_programs_can_read_verdicts_and_assertions(sample):
    whole = document(sample)
    names = SCHEMA["properties"]["verdicts"]["items"]["properties"]["name"]["examples"]
    for verdict in whole["verdicts"]:
        assert verdict["name"] in names
        assert (verdict["severity"] == "good") == (verdict["name"] == "generator_fine")
        assert verdict["severity"] == "warning" or verdict["limit"] == "none"
    for assertion in whole["assertions"]:
        assert (assertion["value"] is None) == (assertion["unit"] is None)


# The same series as CSV


def machine_cells(interval):
    """The members about the machine, except length_ns: length_s is by the second's own clock."""
    return set(interval["usage"]) - {"length_ns"}



def test_the_csv_has_the_same_series(sample):
    whole = document(sample)
    text = printed(sample, "csv")
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    names = [target["name"] for target in whole["result"]["targets"]]
    names += ["all"] if len(names) > 1 else []
    intervals = whole["series"]["intervals"]
    assert [row["target"] for row in rows] == names * len(intervals)
    for number, row in enumerate(rows):
        interval = intervals[number // len(names)]
        points = {point["name"]: point for point in (interval["all"], *interval["targets"])}
        point = points[row["target"]]
        assert float(row["time_s"]) * 1e9 == interval["start_ns"]
        assert float(row["length_s"]) * 1e9 == interval["length_ns"]
        assert row["warmup"] == str(int(interval["warmup"]))
        for name in ("started", "ok", "failed", "late", "dropped"):
            assert row[name] == str(point[name])
        for kind, count in point["errors"].items():
            assert row[f"failed_{kind}"] == str(count)
        for timing, span in point["timings"].items():
            for name, value in span.items():
                assert row[f"{timing}_{name}"] == ("" if value is None else str(value))
        started = datetime.datetime.fromisoformat(whole["run"]["start"].replace("Z", "+00:00"))
        at_utc = datetime.datetime.fromisoformat(row["time_utc"].replace("Z", "+00:00"))
        assert abs((at_utc - started).total_seconds() - float(row["time_s"])) < 2e-6
        if row["target"] != names[-1]:  # what is of the whole machine stands once, in the last line
            assert not any(row[name] for name in
                           ("in_flight", "stalls", "stalled_ns", "longest_stall_ns", *machine_cells(interval)))
            continue
        assert row["in_flight"] == str(interval["in_flight"])
        for name in machine_cells(interval):
            value = interval["usage"][name]
            assert row[name] == ("" if value is None else str(value))
        assert row["stalls"] == str(interval["stalls"]["count"])
        assert row["stalled_ns"] == str(interval["stalls"]["total_ns"])
        assert row["longest_stall_ns"] == str(interval["stalls"]["longest_ns"])
