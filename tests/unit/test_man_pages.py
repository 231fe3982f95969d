"""The manual pages: each is made, groff prints no warning, and each option of --help is in it with its default."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from test_documents import HELPS, TOP, faults, help_of, rows_of

PAGES = pathlib.Path(os.environ["HELLO_MAN"])
PROGRAMS = {pathlib.Path(page).stem: helps for page, helps in HELPS.items()}
ENTRY = re.compile(r"^ +• (?P<head>.*?): (?P<text>.*)$", re.MULTILINE)

pytestmark = [
    pytest.mark.skipif(not shutil.which("lowdown"), reason="no lowdown: install lowdown"),
    pytest.mark.skipif(not shutil.which("man"), reason="no man: install man-db"),
]


def rendered(program, columns, *options):
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", *options, PAGES / f"{program}.1"],
        check=True, capture_output=True, text=True, timeout=60,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": str(columns), "MANROFFOPT": ""})
    return done.stdout, done.stderr


def entries_of(text):
    """{head: text} of the options of a page whose lines are not broken."""
    return {entry["head"]: entry["text"] for entry in ENTRY.finditer(options_of(text))}


def heads_of(text):
    """The heads of all entries, as often as they are there."""
    return [entry["head"] for entry in ENTRY.finditer(options_of(text))]


def options_of(text):
    return text.partition("\nOPTIONS\n")[2].partition("\nENVIRONMENT\n")[0]


def faults_of(rows, entries):
    """What the page leaves out: {head: what}. A default may have quotes of Markdown in the source only."""
    found = {head: ["the option"] if head not in entries else
             [fault for fault in faults(row, entries[head]) if fault.startswith("default ")]
             for head, row in rows.items()}
    return {head: what for head, what in found.items() if what}


@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("program", PROGRAMS)
def test_groff_prints_no_warning(program, columns):
    text, warnings = rendered(program, columns, "-Tutf8")
    assert warnings == ""
    assert "\nNAME\n" in re.sub(".\b", "", text)  # without what makes it bold


@pytest.mark.skipif(not shutil.which("mandoc"), reason="no mandoc: install mandoc")
@pytest.mark.parametrize("program", PROGRAMS)
def test_mandoc_finds_nothing_wrong(program):
    """But for the length of lines in the source, a question of style."""
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", PAGES / f"{program}.1"], capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_option_of_the_help_is_in_the_page_with_its_default(program):
    entries = entries_of(rendered(program, 2000)[0])
    rows = rows_of(help_of(*PROGRAMS[program][0]))
    assert len(rows) > 10
    assert faults_of(rows, entries) == {}


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_option_is_twice_in_the_page(program):
    heads = heads_of(rendered(program, 2000)[0])
    assert [head for head in heads if heads.count(head) > 1] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_page_has_the_sections_of_its_source_and_no_markdown(program):
    text = rendered(program, 80)[0]
    source = (TOP / "docs" / f"{program}.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", source, re.MULTILINE)
    assert [title for title in re.findall(r"^(\S.*)$", text, re.MULTILINE) if title in titles] == titles
    assert re.findall(r"\*\*|^#|\]\(|`", text, re.MULTILINE) == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_man_db_finds_the_name_and_what_the_program_does(program):
    source = (TOP / "docs" / f"{program}.md").read_text(encoding="utf-8")
    name = source.partition("\n## NAME\n")[2].partition("\n")[0]
    done = subprocess.run(["lexgrog", PAGES / f"{program}.1"], check=True, capture_output=True, text=True, timeout=60)
    assert f'"{name}"' in done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_names_keep_their_underscores(program):
    source = (TOP / "docs" / f"{program}.md").read_text(encoding="utf-8")
    names = {*re.findall(r"\b[A-Za-z]\w*_\w+", re.sub(r"\]\([^)]*\)", "]", source))}
    text = rendered(program, 2000)[0]
    assert {name for name in names if name not in text} == set()


# And the check itself, with a page that is wrong


def test_what_a_page_leaves_out_is_found():
    rows = {"-c, --close HOW": "how (default linger)", "--tune": "", "PORT": "port (default 1848)"}
    page = "\nOPTIONS\n     • -c, --close HOW: how. Default: swift.\n     • PORT: port. Default: 1848.\nENVIRONMENT\n"
    assert faults_of(rows, entries_of(page)) == {"-c, --close HOW": ["default linger"], "--tune": ["the option"]}


def test_an_option_that_is_there_twice_is_found():
    assert heads_of("\nOPTIONS\n     • --tune: a.\n     • --tune: b.\nENVIRONMENT\n") == ["--tune", "--tune"]
