"""Members of hello-load's JSON that documents, scripts and messages name: each is in the schema.

They are written as jq has them, in backquotes, quotes or plain: .result.all.ok, .assertions[].text."""
import functools
import json
import os
import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads(pathlib.Path(os.environ["REPORT_SCHEMA"]).read_text())
PLACES = sorted(
    path for pattern in ("*.md", "docs/*.md", "scripts/*", "scripts/*/*.py", "fly.toml", "docs/*/*.toml")
    for path in TOP.glob(pattern) if path.is_file())
PATH = r"\.[a-z][a-z0-9_]*(?:\[[0-9]*\])?(?:\.[a-z0-9_]+(?:\[[0-9]*\])?)*"
# "... in its JSON", "member ... of the JSON", and `jq '...'` with what hello-load printed.
NAMED = re.compile(
    rf"(?P<path>\S+?)[\"'`]* (?:in|of) (?:its|the) (?:JSON|--json)\b"
    rf"|hello-load[^\n|]*\| *jq (?:-[a-z]+ )*(?P<quote>['\"]?)(?P<filter>{PATH})(?P=quote)")
NO_MEMBER = {"rest", "result", "form", "end", "size", "lines", "all", "rows", "member", "members"}


def resolve(path, schema=SCHEMA):
    """The part of the schema that a path of jq leads to; LookupError where there is none."""
    for name, index in re.findall(r"\.([a-z0-9_]+)|(\[[0-9]*\])", path):
        while "$ref" in schema:
            schema = functools.reduce(lambda part, key: part[key], schema["$ref"].split("/")[1:], SCHEMA)
        if index:
            schema = schema["items"]
        elif name in schema.get("properties", {}):
            schema = schema["properties"][name]
        else:
            raise LookupError(f"{path}: there is no {name} in report.schema.json")
    return schema


def named(text):
    """The members that a text names."""
    found = []
    for match in NAMED.finditer(text):
        word = match["filter"] or match["path"].strip("\"'`(")
        if word.lstrip("#*/ ") and word not in NO_MEMBER:
            found.append(word)
    return found


def test_a_path_that_is_in_the_schema_is_found_and_another_is_not():
    assert resolve(".result.all.ok") and resolve(".assertions[].text") and resolve(".run.targets[0]")
    for path in (".judgements", ".result.al.ok", ".assertions.text", ".result[]"):
        with pytest.raises(LookupError):
            resolve(path)


@pytest.mark.parametrize("text, expected", [
    ("does not hold; see .assertions in its JSON", [".assertions"]),
    ("does not hold; see judgements in its JSON", ["judgements"]),
    ("the member `.result.all.ok` of the JSON", [".result.all.ok"]),
    ("hello-load --json localhost | jq -r '.result.all.ok'", [".result.all.ok"]),
    ("hello-load --json localhost | jq .run", [".run"]),
    ("leaves its JSON in a file", []),
])
def test_what_names_a_member_is_recognized(text, expected):
    assert named(text) == expected


@pytest.mark.parametrize("path", PLACES, ids=lambda path: str(path.relative_to(TOP)))
def test_each_member_that_is_named_exists(path):
    for member in named(path.read_text(errors="replace")):
        assert member.startswith("."), f"{member!r}: write it as jq has it, or it is no member"
        resolve(member)


def test_some_member_is_named_in_a_script():
    """Or the pattern above no longer finds what it is to find."""
    assert any(named(path.read_text(errors="replace")) for path in PLACES
               if path.is_relative_to(TOP / "scripts"))
