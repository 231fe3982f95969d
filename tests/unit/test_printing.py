"""Only src/programs prints and exits: elsewhere a line goes to a function that the program gave, and an
error to the caller. So a part can be used by another program, and tested without one."""
import pathlib
import re

import pytest

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"
# Comments and texts say what they like; a backslash may hide the quote that ends a text.
SILENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
LOUD = re.compile(r"""
    \b(?P<stream>stdout|stderr|STDOUT_FILENO|STDERR_FILENO)\b
  | \b(?P<call>v?printf|puts|putchar|putchar_unlocked|perror|psignal|v?warnx?|v?errx?|error|v?syslog
      |_?exit|_Exit|quick_exit|abort|exit_group)[ ]*\(
  | \b(?P<number>write|v?dprintf|fdopen)[ ]*\([ ]*[012][ ]*,""", re.VERBOSE)
# {file: what it may use}, and why it cannot leave that to the program.
EXCEPTIONS = {
    "base/check.c": {"STDERR_FILENO", "abort"},     # a broken invariant: nothing above can be trusted
    "base/signals.c": {"STDERR_FILENO", "_exit"},   # the second signal: the threads above do not answer
}


def loud_words(text):
    """Which words of a C file print or exit, each once."""
    code = SILENT.sub(" ", text)
    return {match["stream"] or match["call"] or match["number"] for match in LOUD.finditer(code)}


def loud_files(top):
    """{file: its words} of all below `top`, but for programs."""
    found = {}
    for path in sorted(top.rglob("*.[ch]")):
        name = path.relative_to(top).as_posix()
        words = loud_words(path.read_text(encoding="utf-8"))
        if words and not name.startswith("programs/"):
            found[name] = words
    return found


def test_only_the_programs_and_the_exceptions_print_or_exit():
    assert loud_files(SOURCES) == EXCEPTIONS


# And the search itself


@pytest.mark.parametrize("text, expected", [
    ("fprintf(stderr, text);", {"stderr"}),
    ("fputs(text, stdout);", {"stdout"}),
    ("stdio_line(STDERR_FILENO, 0, program, line);", {"STDERR_FILENO"}),
    ("write(STDOUT_FILENO, text, 1);", {"STDOUT_FILENO"}),
    ("write(1, text, 1);", {"write"}),
    ("dprintf(2, text);", {"dprintf"}),
    ("printf(text);", {"printf"}),
    ("putchar('x');", {"putchar"}),
    ("exit(1);", {"exit"}),
    ("_exit (1);", {"_exit"}),
    ("x = '\"'; abort(); y = '\"';", {"abort"}),
    ("fprintf(out, text); snprintf(text, 8, text); fputs(text, out);", set()),
    ("__attribute__((format(printf, 1, 2)))", set()),
    ("int error = 0, exit_code = on_exit; error_of(exit_code); page->error = write(fd, text, 1);", set()),
    ("/* it calls exit(1), and\n * abort() */ // printf(text)", set()),
    ('.help = "print this help, and exit(3) \\" to stderr"', set()),
])
def test_what_prints_or_exits_is_found(text, expected):
    assert loud_words(text) == expected


def test_a_file_of_the_programs_may_print_and_each_other_is_named(tmp_path):
    for name in ("programs/main.c", "low/a.c", "low/deep/b.h", "low/quiet.c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x();" if "quiet" in name else "exit(1);")
    assert loud_files(tmp_path) == {"low/a.c": {"exit"}, "low/deep/b.h": {"exit"}}
