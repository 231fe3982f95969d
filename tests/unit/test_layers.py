"""The table of folders in ARCHITECTURE.md holds: no include and no library goes up.

It is the only list of who may use whom. Each folder may use those that its row names, and those that
they may use. A folder is the longest row that a path begins with, so folders may lie in others."""
import pathlib
import re

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)
CODE = (".c", ".h", ".cc")
ROW = re.compile(r"^\| *`(?P<folder>[\w./-]+)`(?:, `[^|]*`)? *\|[^|]*\| *(?P<uses>[^|]*?) *\|$", re.MULTILINE)
LIBRARY = re.compile(r"hello_library\((?P<name>\w+)\s+SOURCES(?P<sources>[^()]*?)LINK(?P<links>[^()]*)\)")


def table_of(text):
    """{folder: the folders that it may use, itself and what those may use with them}; None for all."""
    _, found, section = text.partition("\n## The tree\n")
    assert found, "ARCHITECTURE.md has no section 'The tree'"
    rows = {row["folder"]: row["uses"] for row in ROW.finditer(section.partition("\n## ")[0])}
    table = {}
    for folder, uses in rows.items():
        if uses == "all":
            table[folder] = None
            continue
        names = [] if uses in ("", "–") else uses.split(", ")
        table[folder] = {folder}
        for name in (f"src/{name}" for name in names):
            assert name in table, f"{folder} may use {name}, which no row above it describes"
            table[folder] |= table[name]
    return table


def folder_of(path, table):
    """The row that a path belongs to, or None."""
    parents = [str(parent) for parent in pathlib.PurePath(path).parents]
    return next((parent for parent in parents if parent in table), None)


def faults_of_includes(top, table):
    """What is wrong with the files below `top`: one line each."""
    for path in sorted(path for part in ("src", "bench", "tests") for path in (top / part).rglob("*")):
        if path.suffix not in CODE:
            continue
        name = path.relative_to(top)
        folder = folder_of(name, table)
        if folder is None:
            yield f"{name} is in a folder that ARCHITECTURE.md does not describe"
            continue
        for included in INCLUDE.findall(path.read_text(encoding="utf-8")):
            file = next((one for one in (path.parent / included, top / "src" / included) if one.is_file()), None)
            if file and table[folder] is not None:
                used = folder_of(file.resolve().relative_to(top), table)
                if used not in table[folder]:
                    yield f"{name} includes {included}, but {folder} may not use {used}"


def faults_of_libraries(cmake, table):
    """What is wrong with the libraries of src/CMakeLists.txt."""
    libraries = {match["name"]: match for match in LIBRARY.finditer(cmake)}
    homes = {name: {folder_of("src/" + source, table) for source in match["sources"].split()}
             for name, match in libraries.items()}
    for name, match in libraries.items():
        for linked in sorted(set(match["links"].split()) & set(libraries)):
            for folder in homes[name]:
                for used in homes[linked] - (table[folder] or homes[linked]):
                    yield f"{name} links {linked}, but {folder} may not use {used}"


TABLE = table_of((TOP / "ARCHITECTURE.md").read_text(encoding="utf-8"))


def test_no_include_goes_up():
    assert not list(faults_of_includes(TOP, TABLE))


def test_no_library_goes_up():
    cmake = (TOP / "src/CMakeLists.txt").read_text(encoding="utf-8")
    assert len(LIBRARY.findall(cmake)) == len(re.findall(r"^ *hello_library\(", cmake, re.MULTILINE)) > 1
    assert not list(faults_of_libraries(cmake, TABLE))


def test_each_folder_of_the_table_is_there():
    assert [folder for folder in TABLE if not (TOP / folder).exists()] == []


# And the checks themselves, with a tree that breaks the rule


SAMPLE = """
## The tree
| folder | what lives there | may use |
|---|---|---|
| `src/low` | | – |
| `src/low/deep` | | low |
| `src/high` | | low/deep |
| `tests` | | all |

## Another table
| `src/other` | | – |
"""


@pytest.mark.parametrize("path, text, expected", [
    ("src/low/a.c", '#include "high/b.h"', "src/low/a.c includes high/b.h, but src/low may not use src/high"),
    ("src/low/a.c", "  #  include <high/b.h>", "src/low/a.c includes high/b.h, but src/low may not use src/high"),
    ("src/low/a.c", '#include "../high/b.h"', "src/low/a.c includes ../high/b.h, but src/low may not use src/high"),
    ("src/low/a.h", '#include "low/deep/c.h"',
     "src/low/a.h includes low/deep/c.h, but src/low may not use src/low/deep"),
    ("src/other/a.c", "", "src/other/a.c is in a folder that ARCHITECTURE.md does not describe"),
    ("src/high/a.c", '#include "low/d.h"\n#include "low/deep/c.h"\n#include "a.h"\n#include <stdio.h>', None),
    ("tests/a.c", '#include "high/b.h"', None),
])
def test_what_goes_up_is_found(tmp_path, path, text, expected):
    for header in ("src/high/b.h", "src/low/deep/c.h", "src/low/d.h", path):
        (tmp_path / header).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / header).write_text(text if header == path else "")
    assert list(faults_of_includes(tmp_path, table_of(SAMPLE))) == ([expected] if expected else [])


def test_a_library_that_goes_up_is_found():
    cmake = """hello_library(hello_low SOURCES low/a.c
  low/b.c
  LINK hello_high m)
hello_library(hello_high SOURCES high/b.c LINK hello_low)
"""
    assert list(faults_of_libraries(cmake, table_of(SAMPLE))) == [
        "hello_low links hello_high, but src/low may not use src/high"]


def test_a_row_that_uses_what_comes_below_it_is_refused():
    with pytest.raises(AssertionError, match="src/a may use src/b, which no row above it describes"):
        table_of("\n## The tree\n| `src/a` | | b |\n| `src/b` | | a |\n")
