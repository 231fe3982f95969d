"""Each shell offers each option of --help exactly once, and what is known of its value."""
import os
import re
import shutil
import subprocess

import pytest

import completing
from test_documents import help_of, rows_of

COMMANDS = {
    "hello-server": ("HELLO_SERVER",),
    "hello-load": ("HELLO_LOAD",),
    "hello-load run": ("HELLO_LOAD", "run"),
    "hello-load show": ("HELLO_LOAD", "show"),
}


@pytest.fixture(params=completing.BY)
def shell(request):
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param}: install {request.param}")
    return request.param


@pytest.fixture
def folder(tmp_path):
    """With a file in it."""
    (tmp_path / "a file").write_text("")
    return tmp_path


@pytest.fixture
def offered(shell, folder):
    def ask(line):
        """In a shell of its own; the last word may be empty."""
        return sorted(completing.BY[shell](line.split(" "), folder))
    return ask


def names_of(rows):
    """What can be typed of the options: "-c, --close HOW" is two."""
    return sorted(name for head in rows for name in re.findall(r"(?<!\S)--?[\w-]+", head))


def test_the_options_of_a_row_are_found():
    assert names_of(["-c, --close HOW", "--tune", "PORT"]) == ["--close", "--tune", "-c"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_option_of_the_help_is_offered_once(offered, command):
    assert offered(f"{command} -") == names_of(rows_of(help_of(*COMMANDS[command])))


def test_the_choices_of_an_option_are_offered_after_it(offered):
    assert offered("hello-server --close ") == ["linger", "swift"]
    assert offered("hello-load --family ") == ["any", "both", "ipv4", "ipv6"]


def test_a_choice_is_offered_after_an_equals_sign(offered):
    assert offered("hello-server --close=") == ["linger", "swift"]
    assert offered("hello-server --close=s") == ["swift"]


def test_a_choice_is_offered_after_a_short_option(offered):
    assert "uring" in offered("hello-server -e ")


def test_the_words_of_an_argument_are_offered(offered):
    assert offered("hello-server --cpus ") == ["auto", "none"]


def test_an_option_without_argument_is_followed_by_anything(offered):
    assert "--close" in offered("hello-server --quiet -")


def test_nothing_is_offered_for_what_is_not_known(offered):
    assert offered("hello-load --duration ") == []


def test_files_are_offered_where_a_file_is_wanted(offered):
    for line in ("hello-server --greeting-file ", "hello-load --hlog ", "hello-load show "):
        assert [name.replace("\\", "") for name in offered(line)] == ["a file"]


def test_files_are_offered_after_an_at_sign(offered):
    plain = [name.replace("\\", "").removeprefix("@") for name in offered("hello-load --send @")]
    assert plain == ["a file"]


def test_a_word_is_offered_beside_an_at_sign(offered):
    assert offered("hello-load --expect a") == ["any"]


def test_verbs_are_offered_first(offered):
    assert offered("hello-load sho") == ["show"]
    assert "show" not in offered("hello-load --json sho")


# And the files


def written(*words):
    return subprocess.run([os.environ["HELLO_COMPLETE"], *words], capture_output=True, text=True, timeout=60)


def test_the_files_are_what_the_program_of_the_build_writes():
    for shell in completing.BY:
        for file in completing.files_of(shell):
            done = written(file.name.removeprefix("_").removesuffix(".fish"), shell)
            assert (done.returncode, done.stdout, done.stderr) == (0, file.read_text(), "")


@pytest.mark.parametrize("words", [(), ("hello-server",), ("hello-server", "csh"), ("hello", "bash")])
def test_the_program_of_the_build_refuses_what_it_does_not_know(words):
    done = written(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("hello-complete: usage: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("shell", completing.BY)
def test_each_shell_accepts_its_files(shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}: install {shell}")
    files = completing.files_of(shell)
    assert len(files) == 2
    for file in files:
        done = subprocess.run([shell, "-n", file], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
