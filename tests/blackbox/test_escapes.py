"""Text from outside reaches no terminal and no log as it is: it could command the one, and forge lines
of the other."""
import os
import re
import subprocess

import pytest

from programs import DEADLINE_S, environment, server_path

EVIL = b"a\x1b[2Jb\nhello-server: stopped accepted=0\x07\xff\xc2\x9bc\xe2\x80\xaed"
SHOWN = rb"\x1b[2J"  # how its beginning is to be seen
RAW = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xff")


def hello(program, *args, env=None, cwd=None):
    variables = {name.encode(): os.fsencode(value) for name, value in environment().items()}
    return subprocess.run(
        [program, *args], env={**variables, **(env or {})}, timeout=DEADLINE_S, capture_output=True,
        stdin=subprocess.DEVNULL, cwd=cwd)


def assert_tame(result, lines=None):
    """The text is there, escaped, and in as many lines of stderr as there should be."""
    output = result.stdout + result.stderr
    assert SHOWN in output, result
    assert not RAW.search(output), result
    assert b"\nhello-server: stopped" not in output, result
    output.decode()  # is UTF-8
    if lines is not None:
        assert result.stderr.count(b"\n") == lines, result


SERVER = [
    ("--listen", EVIL), ("--greeting-file", EVIL), ("--engine", EVIL), ("--workers", EVIL),
    ("--linger-timeout", EVIL), ("--close", EVIL), ("--backlog", EVIL), (EVIL,), ("1848", EVIL),
    (b"--" + EVIL,), (b"-" + EVIL[1:],), ("--greeting", "x", "--greeting-file", EVIL),
    ("--listen", b"fe80::1%" + EVIL), ("--listen", b"fe80::1%" + EVIL + b":1848"),
]
LOAD = [
    (EVIL,), (EVIL + b":1848",), (b"localhost:" + EVIL,), (b"localhost=" + EVIL,), ("localhost", EVIL),
    (b"[fe80::1%" + EVIL + b"]:1848",), (b"fe80::1%" + EVIL + b":1848",), (b"http://" + EVIL,),
    ("--send", b"@" + EVIL, "localhost"), ("--expect", b"@" + EVIL, "localhost"),
    ("--source", EVIL, "localhost"), ("--source-ports", EVIL, "localhost"), ("--rate", EVIL, "localhost"),
    ("--assert", EVIL, "localhost"), ("--assert", b"p99<" + EVIL, "localhost"),
    ("--hlog", b"/no/such/" + EVIL, "-n", "1", "127.0.0.1:9"), ("--family", EVIL, "localhost"),
    (b"--" + EVIL, "localhost"), ("-c", EVIL, "localhost"), ("-d", EVIL, "localhost"),
]


def short(text):
    return ascii(text)[:40]


@pytest.mark.parametrize("args", SERVER, ids=short)
def test_what_is_typed_wrong_is_shown_escaped_by_the_server(args):
    result = hello(server_path(), *args)
    assert result.returncode in (1, 2)
    if args[0] != b"-" + EVIL[1:]:  # of which only the first character is told
        assert_tame(result, 1)
    else:
        assert not RAW.search(result.stderr) and rb"'-\x1b'" in result.stderr


@pytest.mark.parametrize("args", LOAD, ids=short)
def test_what_is_typed_wrong_is_shown_escaped_by_the_generator(args):
    result = hello(os.environ["HELLO_LOAD"], "--no-live", *args)
    assert result.returncode in (1, 2)
    assert_tame(result, 1)


@pytest.mark.parametrize("name", ["HELLO_SERVER_LISTEN", "HELLO_ENGINE", "PORT", "HELLO_SERVER_GREETING_FILE"])
def test_values_of_variables_are_shown_escaped(name):
    assert_tame(hello(server_path(), env={name.encode(): EVIL}), 1)


def test_names_of_variables_are_shown_escaped():
    result = hello(server_path(), "--print-config", env={b"HELLO_SERVER_" + EVIL.replace(b"=", b""): b"1"})
    assert result.returncode == 0 and not RAW.search(result.stderr) and rb"\x1b" in result.stderr


def test_print_config_shows_what_it_was_given_in_one_line_each(tmp_path):
    folder = os.fsencode(tmp_path)
    with open(os.path.join(folder, EVIL.replace(b"/", b"")), "wb") as file:
        file.write(b"moin")
    result = hello(server_path(), "--print-config", "--greeting-file", EVIL, cwd=folder)
    assert result.returncode == 0, result
    assert_tame(result)
    assert result.stdout.count(b"\ngreeting-file=") == 1
    result = hello(server_path(), "--print-config", "--greeting", EVIL,
                   env={b"FLY_REGION": EVIL, b"FLY_APP_NAME": EVIL, b"FLY_MACHINE_ID": EVIL})
    assert result.returncode == 0, result
    assert_tame(result)
    lines = result.stdout.splitlines()
    assert all(re.match(rb"[a-z][a-z0-9._-]*=", line) for line in lines), lines


def test_the_name_of_the_program_is_shown_escaped(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), EVIL.replace(b"/", b""))
    os.symlink(server_path(), path)
    result = hello(path, "--nonsense")
    assert result.returncode == 2 and not RAW.search(result.stderr)
