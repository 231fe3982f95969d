"""The version stands in CMakeLists.txt, the revision is that of the tree; whatever repeats them agrees."""
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r"^project\(hello VERSION (\S+)", (TOP / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
REVISION_FILE = pathlib.Path(os.environ["HELLO_BUILD"]) / "src/revision.c"
CATEGORIES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}  # of Keep a Changelog


def git(folder, *words):
    """Without the settings of this user and of this machine, and without a tree around the folder."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    return subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *words], cwd=folder, check=True,
                          capture_output=True, text=True, timeout=60, env=environment).stdout.strip()


def revision_in(file):
    return re.search(r'version_revision\[\] = "(.*)";', file.read_text())[1]


def make_revision(tree, given=""):
    """Run the step of the build. Returns what it says, and the file that it writes."""
    file = tree.parent / "revision.c"
    done = subprocess.run(
        [os.environ["HELLO_CMAKE"], f"-DSOURCE={tree}", f"-DGIVEN={given}", f"-DOUTPUT={file}", "-P",
         TOP / "cmake/Revision.cmake"],
        capture_output=True, text=True, timeout=60,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent.parent)})
    return done.stderr, file


def revision_of(tree, given=""):
    errors, file = make_revision(tree, given)
    assert errors == ""
    return revision_in(file)


@pytest.fixture
def clone(tmp_path):
    """A tree with one commit."""
    tree = tmp_path / "around/tree"
    tree.mkdir(parents=True)
    git(tree, "init", "--quiet")
    (tree / "file").write_text("1\n")
    git(tree, "add", "file")
    git(tree, "commit", "--quiet", "--message", "one")
    return tree


# What the programs say


@pytest.mark.parametrize("words", [("HELLO_SERVER",), ("HELLO_LOAD",), ("HELLO_LOAD", "show")])
def test_a_program_says_its_name_its_version_and_its_revision(words):
    program = os.environ[words[0]]
    done = subprocess.run([program, *words[1:], "--version"], check=True, capture_output=True, text=True, timeout=30)
    revision = revision_in(REVISION_FILE)
    name = pathlib.Path(program).name
    assert done.stdout == (f"{name} {VERSION} ({revision})\n" if revision else f"{name} {VERSION}\n")


# Which revision that is


def test_a_clone_has_the_first_seven_digits_of_its_commit(clone):
    assert revision_of(clone) == git(clone, "rev-parse", "HEAD")[:7]


def test_a_clone_with_changes_says_so(clone):
    (clone / "file").write_text("2\n")
    assert revision_of(clone) == git(clone, "rev-parse", "HEAD")[:7] + ", modified"


def test_files_that_are_not_in_git_are_no_change(clone):
    (clone / "another").write_text("1\n")
    assert revision_of(clone) == git(clone, "rev-parse", "HEAD")[:7]


def test_an_archive_has_none(tmp_path):
    tree = tmp_path / "around/tree"
    tree.mkdir(parents=True)
    assert revision_of(tree) == ""


def test_an_archive_does_not_take_that_of_a_tree_around_it(clone):
    (clone / "archive").mkdir()
    assert revision_of(clone / "archive") == ""


def test_a_revision_that_is_given_counts_more(clone):
    assert revision_of(clone, "0123456789abcdef") == "0123456"


def test_what_is_no_revision_is_refused(clone):
    errors, _ = make_revision(clone, '"; exit')
    assert "is no revision" in errors


def test_the_same_revision_leaves_the_file_as_it_is(clone):
    """So nothing is compiled again."""
    _, file = make_revision(clone)
    os.utime(file, (0, 0))
    make_revision(clone)
    assert file.stat().st_mtime == 0


# The files that cannot read it


def test_the_changelog_has_the_format_of_keep_a_changelog():
    text = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles[0] == "[Unreleased]"
    assert [title for title in titles[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", title)] == []
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= CATEGORIES


def test_the_packages_have_the_version():
    first, *_ = (TOP / "debian/changelog").read_text(encoding="utf-8").splitlines()
    assert re.match(rf"hello-server \({re.escape(VERSION)}(-\d+)?\) ", first)


def test_the_version_is_in_the_changelog():
    """With a title of its own, or as the next one."""
    text = (TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{VERSION}] - " in text or f"\nThis becomes {VERSION}" in text
