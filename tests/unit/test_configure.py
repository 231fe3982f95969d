"""What cannot be built is refused when the build is configured, in one line."""
import pathlib
import subprocess

import pytest

CMAKE = pathlib.Path(__file__).resolve().parents[2] / "cmake"


def run(script, **variables):
    """Returns the exit code, and what CMake says, without its line breaks."""
    done = subprocess.run(
        ["cmake", *(f"-D{name}={value}" for name, value in variables.items()), "-P", CMAKE / script],
        capture_output=True, text=True, timeout=60)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("compiler, options, refusal", [
    ("GNU", {"HELLO_STATIC": "ON", "HELLO_SANITIZE": "thread"},
     "HELLO_STATIC excludes HELLO_SANITIZE 'thread': most sanitizers do not work in static programs; configure with"
     " -DHELLO_STATIC=OFF"),
    ("Clang", {"HELLO_COVERAGE": "ON"},
     "HELLO_COVERAGE needs gcc, not Clang; configure with --preset coverage, or with -DCMAKE_C_COMPILER=gcc in a new"
     " build directory"),
    ("GNU", {"HELLO_LIBFUZZER": "ON"}, "HELLO_LIBFUZZER needs clang, not GNU; configure with --preset clang"),
])
def test_options_that_exclude_each_other_are_refused(compiler, options, refusal):
    code, said = run("HelloOptions.cmake", CMAKE_C_COMPILER_ID=compiler, **options)
    assert (code, said.partition("(message): ")[2]) == (1, refusal)


@pytest.mark.parametrize("compiler, options", [
    ("GNU", {"HELLO_STATIC": "ON"}),
    ("GNU", {"HELLO_SANITIZE": "address,undefined"}),
    ("GNU", {"HELLO_COVERAGE": "ON"}),
    ("Clang", {"HELLO_LIBFUZZER": "ON", "HELLO_SANITIZE": "thread"}),
])
def test_others_are_not(compiler, options):
    assert run("HelloOptions.cmake", CMAKE_C_COMPILER_ID=compiler, **options) == (0, "")


def man_pages(folder, lowdown):
    """What is said of the manual pages where lowdown(1) is this shell script."""
    (folder / "lowdown").write_text(f"#!/bin/sh\n{lowdown}\n")
    (folder / "lowdown").chmod(0o755)
    return run("HelloMan.cmake", HELLO_LOWDOWN=folder / "lowdown", PROJECT_SOURCE_DIR=CMAKE.parent,
               PROJECT_BINARY_DIR=folder, PROJECT_VERSION="1.2")


def test_manual_pages_are_left_out_if_lowdown_is_too_old_for_them(tmp_path):
    old = 'echo "lowdown: unrecognized option" "$3" >&2; echo "usage: ..." >&2; exit 1'
    assert man_pages(tmp_path, old) == (
        0, f"-- {tmp_path}/lowdown does not make manual pages, so they are not built: lowdown: unrecognized option"
        " --parse-no-intraemph; lowdown 1.0 makes them")


def test_manual_pages_are_built_if_lowdown_makes_one(tmp_path):
    _, said = man_pages(tmp_path, "echo .TH")
    assert "add_custom_command command is not scriptable" in said
