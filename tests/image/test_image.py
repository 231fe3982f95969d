"""The image: what is in it, and that it does what it is for. Started by scripts/image, as root, in
mount and network namespaces of its own."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess

import pytest

IMAGE = pathlib.Path(os.environ["HELLO_IMAGE"])
ROOTFS = IMAGE / "rootfs"
BYTES_MAX = 4_000_000
DEADLINE_S = 30
USERS = {"root": (0, 0), "hello": (65532, 65532)}
START_LINE = re.compile(r"hello-server: listening on \[::\]:(\d+) engine=(uring|epoll) .*\n")

PROGRAMS = {"usr/local/bin/hello-server", "bin/busybox"}
ACCOUNTS = {"etc/passwd", "etc/group"}
COMMANDS = {"sh", "netstat", "nc", "ps"}  # at least


def entries(root):
    """{relative path: its stat} of all that is not a directory."""
    return {
        str(path.relative_to(root)): path.lstat()
        for path in root.rglob("*") if path.is_symlink() or not path.is_dir()
    }


# What is in it


def test_it_is_small():
    assert sum(one.st_size for one in entries(ROOTFS).values()) < BYTES_MAX


def test_it_holds_the_programs_a_shell_and_two_accounts_and_no_more():
    files = {name for name, one in entries(ROOTFS).items() if not stat.S_ISLNK(one.st_mode)}
    assert files == PROGRAMS | ACCOUNTS
    links = {name: os.readlink(ROOTFS / name)
             for name, one in entries(ROOTFS).items() if stat.S_ISLNK(one.st_mode)}
    assert links.pop("usr/local/bin/hello-load") == "hello-server"
    assert set(links.values()) == {"busybox"}
    assert {f"bin/{name}" for name in COMMANDS} <= set(links)


def test_nothing_in_it_can_be_written_or_gives_more_rights():
    for path in (ROOTFS, *ROOTFS.rglob("*")):
        one = path.lstat()
        assert (one.st_uid, one.st_gid) == (0, 0), path
        assert path.is_symlink() or not one.st_mode & 0o7022, path


def test_the_programs_need_no_library():
    for name in PROGRAMS:
        said = subprocess.run(["readelf", "-ld", ROOTFS / name], capture_output=True, text=True,
                              check=True).stdout
        assert "INTERP" not in said and "NEEDED" not in said, name


def test_two_builds_are_the_same():
    def contents(root):
        return {name: (one.st_mode, one.st_size,
                       os.readlink(root / name) if stat.S_ISLNK(one.st_mode)
                       else (root / name).read_bytes())
                for name, one in entries(root).items()}

    assert contents(ROOTFS) == contents(IMAGE / "again")


def test_its_configuration_names_the_user_the_port_the_signal_and_the_version():
    oci = json.loads((IMAGE / "config.json").read_text())["OCIv1"]
    config = oci["config"]
    assert config["User"] == "hello"
    assert config["Entrypoint"] == ["/usr/local/bin/hello-server"] and not config.get("Cmd")
    assert list(config["ExposedPorts"]) == ["1848/tcp"] and config["StopSignal"] == "SIGTERM"
    assert "PATH=/usr/local/bin:/bin" in config["Env"]
    assert oci["architecture"] == os.environ.get("HELLO_PLATFORM", "linux/amd64").split("/")[1]
    labels = {name.removeprefix("org.opencontainers.image."): text
              for name, text in config["Labels"].items()}
    assert labels["title"] == "hello-server" and labels["description"]
    assert labels["version"] == os.environ["HELLO_VERSION"]
    assert labels["revision"] == os.environ["HELLO_REVISION"]


# What it does


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The files as a platform lays them out: with a /proc."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    path = tmp_path_factory.mktemp("root") / "rootfs"
    shutil.copytree(ROOTFS, path, symlinks=True)
    (path / "proc").mkdir()
    subprocess.run(["mount", "-t", "proc", "proc", path / "proc"], check=True)
    yield path
    subprocess.run(["umount", path / "proc"], check=True)


@pytest.fixture(params=USERS)
def user(request):
    return request.param


def start(root, user, *command, env=None, **files):
    """Start a program in the image, as a platform does that knows its configuration."""
    def enter():
        uid, gid = USERS[user]
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)

    files = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **files}
    return subprocess.Popen(command, preexec_fn=enter, env={"PATH": "/usr/local/bin:/bin", **(env or {})},
                            text=True, **files)


def output_of(root, user, *command):
    process = start(root, user, *command)
    output, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, (command, output, errors)
    return output


@pytest.fixture
def server(root, user):
    process = start(root, user, "/usr/local/bin/hello-server", "0")
    line = process.stdout.readline()
    match = START_LINE.fullmatch(line)
    assert match, (line, process.poll() is not None and process.stderr.read())
    yield process, int(match[1])
    if process.poll() is None:
        process.kill()
        process.wait()


def test_accounts_are_as_its_configuration_says(root):
    for user, (uid, gid) in USERS.items():
        assert output_of(root, user, "/bin/id").startswith(f"uid={uid}({user}) gid={gid}({user})")


def test_both_programs_say_their_version(root, user):
    revision = os.environ["HELLO_REVISION"]
    suffix = "" if revision == "unknown" else f" ({revision[:7]})"
    for name in ("hello-server", "hello-load"):
        assert output_of(root, user, f"/usr/local/bin/{name}", "--version") == (
            f"{name} {os.environ['HELLO_VERSION']}{suffix}\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_client_is_greeted(server, host):
    _, port = server
    with socket.create_connection((host, port), timeout=DEADLINE_S) as client:
        assert client.makefile("rb").read() == b"hello\n"


def test_its_generator_loses_nothing_and_a_signal_ends_in_totals(root, user, server):
    process, port = server
    said = output_of(root, user, "/usr/local/bin/hello-load", "-q", "-n", "1000",
                     f"127.0.0.1:{port}", f"[::1]:{port}")
    assert " started=1000 ok=1000 failed=0 " in said
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, errors
    assert output.startswith("hello-server: stopped accepted=1000 greeted=1000 expired=0 ")


def test_its_generator_draws_its_view_on_a_terminal(root, user, server):
    _, port = server
    screen, terminal = os.openpty()
    process = start(root, user, "/usr/local/bin/hello-load", "-d", "2s", f"127.0.0.1:{port}",
                    env={"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}, stderr=terminal)
    os.close(terminal)
    drawn = b""
    while b"history" not in drawn:
        drawn += os.read(screen, 65536)  # fails at the end of the program
    process.communicate(timeout=DEADLINE_S)
    os.close(screen)
    assert process.returncode == 0 and drawn.startswith(b"\r\x1b[J") and "\u2588".encode() in drawn


def test_who_comes_to_see_finds_a_shell_and_the_listeners(root, server):
    _, port = server
    assert output_of(root, "root", "/bin/sh", "-lc", "echo $((6 * 7))") == "42\n"
    listeners = output_of(root, "root", "/bin/netstat", "-tln")
    assert re.search(rf"^tcp +\d+ +\d+ :::{port} +:::\* +LISTEN", listeners, re.M), listeners
    assert "hello-server" in output_of(root, "root", "/bin/ps")
    assert output_of(root, "root", "/bin/nc", "127.0.0.1", str(port)) == "hello\n"
