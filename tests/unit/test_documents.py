"""The documents hold: each option of --help is in its page, each link and each named file exists."""
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted(path for pattern in ("*.md", "docs/*.md", "bench/*.md") for path in TOP.glob(pattern))
# Each page and the helps whose options it has.
HELPS = {
    "docs/hello-server.md": [("HELLO_SERVER",)],
    "docs/hello-load.md": [("HELLO_LOAD",), ("HELLO_LOAD", "show")],
}
SECTIONS = "NAME SYNOPSIS DESCRIPTION OPTIONS ENVIRONMENT FILES EXAMPLES".split() + ["EXIT STATUS"]
# "  -e, --engine NAME   auto, uring or epoll", and on the lines below it more of the same text.
ROW = re.compile(r"^ {2,6}(?P<head>-\S, --\S+(?: \S+)?|--\S+(?: \S+)?|[A-Z]\S*)(?: {2,}(?P<text>\S.*))?$")
ENTRY = re.compile(r"^- `(?P<head>[^`]+)`: (?P<text>.*(?:\n {2,}.*)*)", re.MULTILINE)


def rows_of(text):
    """{head: text} of the options of a --help: up to the first line that is neither a row nor a title."""
    rows, last = {}, None
    for line in text.partition("\nUsage: ")[2].splitlines()[1:]:
        row = ROW.match(line)
        if row:
            last = row["head"]
            rows[last] = row["text"] or ""
        elif last and line.startswith(" " * 8):
            rows[last] += " " + line.strip()
        elif line and (line == "Verbs:" or not line.endswith(":")):
            break
    return rows


def entries_of(text):
    """{head: text} of the options of a page."""
    section = text.partition("\n## OPTIONS\n")[2].partition("\n## ")[0]
    return {entry["head"]: " ".join(entry["text"].split()) for entry in ENTRY.finditer(section)}


def faults(row, entry):
    """What the text of an option in --help names, and its entry in the page does not."""
    names = re.findall(r"\$(\w+)", row)
    default = re.search(r"\(default (?:that of )?([^\s,:;)]+)", row)
    yield from (name for name in names if f"`{name}`" not in entry)
    if default and default[1] not in entry.partition("Default: ")[2]:
        yield f"default {default[1]}"


def help_of(program, *words):
    return subprocess.run([os.environ[program], *words, "--help"], check=True, text=True, capture_output=True,
                          timeout=30).stdout


@pytest.mark.parametrize("page", HELPS)
def test_a_page_has_the_options_of_its_help_and_no_others(page):
    rows = {head: text for words in HELPS[page] for head, text in reversed(rows_of(help_of(*words)).items())}
    entries = entries_of((TOP / page).read_text(encoding="utf-8"))
    assert set(rows) == set(entries)


@pytest.mark.parametrize("page", HELPS)
def test_a_page_has_the_variables_and_defaults_of_its_help(page):
    entries = entries_of((TOP / page).read_text(encoding="utf-8"))
    rows = rows_of(help_of(*HELPS[page][0]))
    assert {head: found for head, text in rows.items() if (found := list(faults(text, entries[head])))} == {}


@pytest.mark.parametrize("page", HELPS)
def test_a_page_has_the_sections_of_a_manual_page_and_the_readme_links_it(page):
    text = (TOP / page).read_text(encoding="utf-8")
    assert [name for name in SECTIONS if f"\n## {name}\n" not in text] == []
    assert f"]({page})" in (TOP / "README.md").read_text(encoding="utf-8")


def anchors_of(text):
    """The anchors that GitHub makes of headings."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def broken_links(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = path.parent / file if file else path
        if not target.exists() or anchor and anchor not in anchors_of(target.read_text(encoding="utf-8")):
            yield link


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TOP)))
def test_each_link_leads_somewhere(path):
    assert list(broken_links(path)) == []


def missing_files(text, top):
    """The files named in "To change X, open Y" that do not exist: a bare name is in the folder of the one before it."""
    section = text.partition("\n## To change X, open Y\n")[2].partition("\n## ")[0]
    for row in section.splitlines():
        folder = ""
        for name in re.findall(r"`(\w[\w./*-]*)`", row):
            if "." not in name and "/" not in name:
                continue
            places = [top / name, top / "src" / name, top / folder / name]
            found = next((one for place in places for one in place.parent.glob(place.name)), None)
            if found:
                folder = str(found.parent.relative_to(top))
            else:
                yield name


def test_each_file_to_open_exists():
    assert list(missing_files((TOP / "ARCHITECTURE.md").read_text(encoding="utf-8"), TOP)) == []


def wide_samples(text):
    """The lines of samples that have more than 100 characters: readers would have to scroll for their ends."""
    samples = "\n".join(text.split("```")[1::2])
    return [line for line in samples.splitlines() if len(line) > 100]


def test_the_samples_of_the_readme_need_no_scrolling():
    assert wide_samples((TOP / "README.md").read_text(encoding="utf-8")) == []


def test_each_alert_has_its_paragraph_for_operators():
    alerts = re.findall(r"^ +- alert: (\w+)$", (TOP / "docs/monitoring/hello-server.rules.yml").read_text(encoding="utf-8"),
                        re.MULTILINE)
    titles = re.findall(r"^### (HelloServer\w+)\n[^#\s]", (TOP / "docs/production.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(alerts) > 5
    assert titles == alerts


# And the checks themselves, with documents that are wrong


def test_a_wide_sample_is_found():
    assert wide_samples(f"{'a' * 101}\n```\n{'b' * 100}\n{'c' * 101}\n```\n{'d' * 101}\n") == ["c" * 101]


def test_the_options_of_a_help_are_found():
    text = """What it does
Usage: program [OPTIONS] [PORT]

  PORT            port (default 1848; $A_PORT,
                  $PORT)

Load:
  -c, --close HOW  how
      --tune
      --very-long-option DURATION
                  a time (default that of --close)

Environment: this is no option
  -x, --no-option  of this program
"""
    assert rows_of(text) == {
        "PORT": "port (default 1848; $A_PORT, $PORT)", "-c, --close HOW": "how", "--tune": "",
        "--very-long-option DURATION": " a time (default that of --close)"}


def test_what_an_entry_leaves_out_is_found():
    row = "port (default 1848; $A_PORT, $PORT)"
    assert list(faults(row, "the port. Default: `1848`. Environment: `A_PORT`, or `PORT`.")) == []
    assert list(faults(row, "the port. Default: `80`. Environment: `A_PORT`.")) == ["PORT", "default 1848"]


def test_a_link_or_a_file_that_leads_nowhere_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A title\n[a](page.md#a-title) [b](page.md#none) [c](none.md) [d](https://x.example)")
    assert list(broken_links(page)) == ["page.md#none", "none.md"]
    (tmp_path / "src/low").mkdir(parents=True)
    (tmp_path / "src/low/a.c").write_text("")
    (tmp_path / "src/low/b.h").write_text("")
    text = "\n## To change X, open Y\n| x | `low/a.c`, `b.h`, `c.c`, `word`; `low/*.h`, `low/*.md` |\n"
    assert list(missing_files(text, tmp_path)) == ["c.c", "low/*.md"]
