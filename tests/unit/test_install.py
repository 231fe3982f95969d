"""cmake --install puts each file in its place, and the unit names the program where it was put."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = {"bin/hello-server", "bin/hello-load"}
COMPLETIONS = {
    "share/bash-completion/completions/hello-server", "share/bash-completion/completions/hello-load",
    "share/zsh/site-functions/_hello-server", "share/zsh/site-functions/_hello-load",
    "share/fish/vendor_completions.d/hello-server.fish", "share/fish/vendor_completions.d/hello-load.fish",
}
UNITS = {"lib/systemd/system/hello-server.service", "lib/systemd/system/hello-server.socket"}
ACCOUNT = {"lib/sysusers.d/hello-server.conf"}
DOC = "share/doc/hello-server"
DOCUMENTS = {f"{DOC}/LICENSE", f"{DOC}/CHANGELOG.md"}
EXAMPLES = {f"{DOC}/examples/{path.name}" for path in (TOP / "packaging/examples").iterdir()}
PAGES = {"share/man/man1/hello-server.1", "share/man/man1/hello-load.1"} if shutil.which("lowdown") else set()
PREFIX = "/usr"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """All that is installed, below a folder that stands for /."""
    folder = tmp_path_factory.mktemp("root")
    subprocess.run([os.environ["HELLO_CMAKE"], "--install", os.environ["HELLO_BUILD"], "--prefix", PREFIX], check=True,
                   capture_output=True, timeout=60, env={**os.environ, "DESTDIR": str(folder)})
    return folder


def unit(root, name):
    return (root / "usr/lib/systemd/system" / name).read_text()


def test_these_files_are_installed_and_no_others(root):
    found = {str(path.relative_to(root / "usr")) for path in root.rglob("*") if not path.is_dir()}
    assert found == PROGRAMS | COMPLETIONS | UNITS | ACCOUNT | DOCUMENTS | EXAMPLES | PAGES


def test_only_programs_may_be_executed(root):
    executable = {str(path.relative_to(root / "usr")) for path in root.rglob("*")
                  if not path.is_dir() and path.stat().st_mode & 0o111}
    assert executable == PROGRAMS


def test_an_installed_program_runs(root):
    for name in PROGRAMS:
        said = subprocess.run([root / "usr" / name, "--version"], check=True, capture_output=True, text=True, timeout=30)
        assert said.stdout.startswith(pathlib.Path(name).name + " ")


def test_the_unit_starts_the_program_where_it_is(root):
    assert re.findall(r"^ExecStart=(\S+)$", unit(root, "hello-server.service"), re.MULTILINE) == [
        f"{PREFIX}/bin/hello-server"]


def test_the_unit_runs_as_the_user_that_is_made(root):
    (user,) = re.findall(r"^User=(\S+)$", unit(root, "hello-server.service"), re.MULTILINE)
    (made,) = re.findall(r"^u (\S+) ", (root / "usr/lib/sysusers.d/hello-server.conf").read_text(), re.MULTILINE)
    assert user == made


def test_the_unit_takes_neither_pinning_nor_io_uring_away(root):
    """@resources has sched_setaffinity; @system-service has io_uring, by @aio."""
    filters = re.findall(r"^SystemCallFilter=(.*)$", unit(root, "hello-server.service"), re.MULTILINE)
    assert filters[0] == "@system-service"
    assert "\nSystemCallErrorNumber=EPERM\n" in unit(root, "hello-server.service")
    assert not any(name in line for line in filters[1:] for name in ("@resources", "@aio", "@network-io"))


def test_the_socket_is_the_server_s_default_for_both_families(root):
    text = unit(root, "hello-server.socket")
    ports = set(re.findall(r"^ListenStream=(.*)$", text, re.MULTILINE))
    config = subprocess.run([os.environ["HELLO_SERVER"], "--print-config"], check=True, capture_output=True, text=True,
                            timeout=30, env={"PATH": os.environ["PATH"]}).stdout
    assert ports == {re.search(r"^port=(\d+)", config, re.MULTILINE)[1]}
    assert [line for line in ("ReusePort=yes", "BindIPv6Only=both", "FileDescriptorName=hello") if line not in text] == []


def example(root, name):
    return (root / "usr" / DOC / "examples" / name).read_text()


def test_a_reload_starts_the_program_of_the_unit_and_may_make_its_socket(root):
    """Of handover.conf: the two processes meet in a folder that the service owns, and both may report."""
    text = example(root, "handover.conf")
    assert re.findall(r"^ExecReload=\nExecReload=/bin/sh -c '(\S+) & ", text, re.MULTILINE) == [f"{PREFIX}/bin/hello-server"]
    (folder,) = re.findall(r"^RuntimeDirectory=(\S+)$", text, re.MULTILINE)
    assert re.findall(r"^Environment=HELLO_SERVER_HANDOVER=/run/(\S+)/[^/\s]+$", text, re.MULTILINE) == [folder]
    assert "\nNotifyAccess=all\n" in text


def test_only_one_place_says_the_port(root):
    """/etc/default/hello-server wins over Environment=, so a port in a drop-in would hold sometimes only."""
    settings = [line for line in example(root, "privileged-port.conf").splitlines() if not line.startswith("#")]
    assert [line for line in settings if "HELLO_" in line] == []
    assert "\n#HELLO_SERVER_PORT=" in example(root, "hello-server.default")


def test_the_settings_have_the_options_of_a_service(root):
    """All but those that answer a question, and two that a service must not have: --quiet and --verbose are the journal's."""
    said = subprocess.run([os.environ["HELLO_SERVER"], "--help"], check=True, capture_output=True, text=True,
                          timeout=30).stdout
    left_out = {"HELLO_SERVER_" + name for name in ("ENGINE", "CPUS", "CPU_KIND", "TUNE", "QUIET", "VERBOSE")}
    assert set(re.findall(r"^#(HELLO_\w+)=", example(root, "hello-server.default"), re.MULTILINE)) == set(
        re.findall(r"\$(HELLO_SERVER_\w+)", said)) - left_out


def test_each_variable_of_the_examples_is_one_of_the_server(root):
    names = {name for path in (root / "usr" / DOC / "examples").iterdir()
             for name in re.findall(r"\bHELLO_\w+(?==)", path.read_text())}
    said = subprocess.run([os.environ["HELLO_SERVER"], "--help"], check=True, capture_output=True, text=True,
                          timeout=30).stdout
    assert len(names) > 5
    assert {name for name in names if f"${name}" not in said} == set()
