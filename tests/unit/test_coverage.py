"""What scripts/coverage says of lines that no test reached, and of the list of those that need not be."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "coverage"))

import coverage  # noqa: E402

SOURCE = """int a(void)
{
    if (b[0])
        return 1;
    CHECK(c);
}
"""
REASON = "\n    It cannot happen here.\n"


@pytest.fixture
def top(tmp_path):
    (tmp_path / "src/low").mkdir(parents=True)
    (tmp_path / "src/low/a.c").write_text(SOURCE)
    return tmp_path


def object_of(top, counts, file="src/low/a.c", branches=()):
    """What gcov says of an object in which lines were reached so often: {number: count}."""
    lines = [{"line_number": number, "function_name": "a", "count": count,
              "branches": [{"count": taken} for taken in branches] if number in (3, 5) else []}
             for number, count in counts.items()]
    return {"current_working_directory": str(top / "build"), "data_file": f"src/CMakeFiles/low.dir/{file[4:]}.gcno",
            "files": [{"file": f"../{file}", "lines": lines}]}


def faults(top, objects, text=""):
    return list(coverage.faults_of(coverage.lines_of(objects, top), coverage.entries_of(text)))


def test_a_line_that_no_object_reached_is_found(top):
    objects = [object_of(top, {1: 1, 3: 0, 4: 0}), object_of(top, {1: 0, 3: 2, 4: 0})]
    assert faults(top, objects) == ["src/low/a.c:4: not reached: a: return 1;"]


@pytest.mark.parametrize("entry", ["src/low/a.c a: return 1;", "src/low/*.c *: return *;", "sometimes src/low/a.c a: *"])
def test_a_line_that_is_listed_need_not_be_reached(top, entry):
    assert faults(top, [object_of(top, {1: 1, 4: 0})], entry + REASON) == []


def test_brackets_are_no_pattern(top):
    assert faults(top, [object_of(top, {1: 1, 3: 0})], "src/low/a.c a: if (b[0])" + REASON) == []
    assert len(faults(top, [object_of(top, {1: 1, 3: 0})], "src/low/a.c a: if (b[1])" + REASON)) == 2


@pytest.mark.parametrize("entry, expected", [
    ("src/low/a.c a: return 1;", ["tests/unreached:1: is reached: src/low/a.c a: return 1;"]),
    ("src/low/a.c a: return 2;", ["tests/unreached:1: no such line: src/low/a.c a: return 2;"]),
    ("src/low/a.c b: *", ["tests/unreached:1: no such line: src/low/a.c b: *"]),
    ("sometimes src/low/a.c a: return 1;", []),
    ("sometimes src/low/a.c a: return 2;",
     ["tests/unreached:1: no such line: sometimes src/low/a.c a: return 2;"]),
])
def test_an_entry_that_accepts_nothing_is_found(top, entry, expected):
    assert faults(top, [object_of(top, {1: 1, 4: 1})], entry + REASON) == expected


def test_a_file_that_was_not_compiled_is_found(top):
    (top / "src/low/b.c").write_text("")
    assert faults(top, [object_of(top, {1: 1})]) == ["src/low/b.c:1: not reached: -: in no object"]
    assert faults(top, [object_of(top, {1: 1}), object_of(top, {}, "src/low/b.c")]) == []


@pytest.mark.parametrize("text, expected", [
    ("src/low/a.c a: return 1;\n", "tests/unreached:1: has no reason"),
    ("src/low/a.c a: return 1;" + REASON + "src/low/a.c a: *\n", "tests/unreached:3: has no reason"),
    ("src/low/a.c return 1;" + REASON, "tests/unreached:1: is no entry: 'src/low/a.c return 1;'"),
    ("    It cannot happen here.\n", "tests/unreached:1: is no entry: "),
])
def test_an_entry_that_is_none_or_has_no_reason_is_refused(text, expected):
    with pytest.raises(SystemExit, match=expected.replace("(", r"\(")):
        coverage.entries_of(text)


def test_the_reason_of_some_entries_is_the_text_below_them():
    assert len(coverage.entries_of("# a list\n\nsrc/a.c a: 1;\nsrc/a.c b: 2;" + REASON + "\nsrc/c.c d: *" + REASON)) == 3


def test_the_table_counts_lines_and_branches_but_not_those_of_checks(top):
    lines = coverage.lines_of([object_of(top, {1: 1, 3: 1, 4: 0, 5: 1}, branches=(1, 0))], top)
    rows = [row.split() for row in coverage.table_of(lines, coverage.entries_of("src/low/a.c a: return 1;" + REASON))]
    assert rows[1:] == [[name, "4", "3", "75.0", "1", "2", "1", "50.0"] for name in ("src/low", "all")]
