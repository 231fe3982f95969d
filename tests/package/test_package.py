"""The Debian packages: equal from build to build, without a finding of lintian, and they come and go without a trace.

scripts/package builds them and runs this. No systemd runs here: what is started, and by whom, is not tested."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILDS = pathlib.Path(os.environ["HELLO_PACKAGES"])
VERSION = re.search(r"^project\(hello VERSION (\S+)", (TOP / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
LATER = "99.0"
PROGRAMS = ("hello-server", "hello-load")
EXPOSURE_MAX = 15  # tenths
EXPOSURES_MAX = {"handover.conf": EXPOSURE_MAX, "privileged-port.conf": 17}
DEADLINE_S = 120
WANTED = "etc/systemd/system/multi-user.target.wants/hello-server.service"
SOCKET_WANTED = "etc/systemd/system/sockets.target.wants/hello-server.socket"
# Of the machine, not of the packages: dpkg's own books, and the accounts, which Debian's policy lets stay.
KEPT = re.compile(r"(var/lib/dpkg|var/cache|var/log|run|tmp|dev|proc)(/|$)|"
                  r"etc/(passwd|group|shadow|gshadow)-?$|etc/\.pwd\.lock$|etc/ld\.so\.cache$")


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE_S, **options)


def checked(*words, **options):
    done = run(*words, **options)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def package(name, build="one"):
    (file,) = (BUILDS / build).glob(f"{name}_{VERSION}_*.deb")
    return file


def files_of(name):
    lines = checked("dpkg-deb", "--contents", package(name)).splitlines()
    return {line.split()[5].removeprefix("./") for line in lines if not line.startswith("d")}


# What they are


def test_three_builds_in_two_folders_have_the_same_bytes():
    sums = [{file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (BUILDS / build).glob("*.deb")}
            for build in ("one", "two", "three")]
    assert sums[0] == sums[1] == sums[2]
    assert len(sums[0]) == 2 * len(PROGRAMS)  # with what a debugger needs


def shared_files(name):
    return {
        f"usr/bin/{name}", f"usr/share/man/man1/{name}.1.gz",
        f"usr/share/bash-completion/completions/{name}", f"usr/share/zsh/vendor-completions/_{name}",
        f"usr/share/fish/vendor_completions.d/{name}.fish",
        *(f"usr/share/doc/{name}/{file}" for file in ("changelog.gz", "changelog.Debian.gz", "copyright")),
    }


def test_hello_load_has_these_files_and_no_others():
    assert files_of("hello-load") == shared_files("hello-load")


def test_hello_server_has_these_files_and_no_others():
    examples = {f"usr/share/doc/hello-server/examples/{path.name}" for path in (TOP / "packaging/examples").iterdir()}
    assert files_of("hello-server") == shared_files("hello-server") | examples | {
        "lib/systemd/system/hello-server.service", "lib/systemd/system/hello-server.socket",
        "usr/lib/sysusers.d/hello-server.conf"}


def test_lintian_finds_no_error_and_nothing_to_warn_of():
    (changes,) = (BUILDS / "one").glob("*.changes")
    done = run("lintian", "--allow-root", "--fail-on", "error,warning", changes)
    assert (done.returncode, done.stdout) == (0, "")


# In a clean root


class Root:
    def __init__(self, folder):
        self.folder = folder

    def run(self, *words):
        return checked("chroot", self.folder, *words, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                                           "DEBIAN_FRONTEND": "noninteractive"})

    def install(self, *packages):
        for file in packages:
            shutil.copy(file, self.folder / "tmp")
        self.run("dpkg", "--install", *(f"/tmp/{file.name}" for file in packages))

    def has(self, path):
        return os.path.lexists(self.folder / path)

    def files(self):
        """All but what is kept, and is not looked into: processes come and go in /proc."""
        found = set()
        for at, folders, names in os.walk(self.folder):
            here = os.path.relpath(at, self.folder)
            folders[:] = [name for name in folders if not KEPT.match(os.path.normpath(f"{here}/{name}"))]
            found |= {os.path.normpath(f"{here}/{name}") for name in (*folders, *names)}
        return {path for path in found if not KEPT.match(path)}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A minimal system with both packages. To make it takes a while, so the tests share it, and follow its life."""
    folder = tmp_path_factory.mktemp("root")
    checked("tar", "--extract", "--file", os.environ["HELLO_ROOT"], "--directory", folder)
    checked("mount", "-t", "proc", "proc", folder / "proc")
    one = Root(folder)
    one.before = one.files()
    one.install(*(package(name) for name in PROGRAMS))
    yield one
    checked("umount", folder / "proc")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """The same packages with a later version."""
    folder = tmp_path_factory.mktemp("later")
    for name in PROGRAMS:
        tree = folder / name
        checked("dpkg-deb", "--raw-extract", package(name), tree)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"^Version: .*$", f"Version: {LATER}", control.read_text(), flags=re.MULTILINE))
        checked("dpkg-deb", "--build", "--root-owner-group", tree, folder / f"{name}_later.deb")
    return [folder / f"{name}_later.deb" for name in PROGRAMS]


def test_what_is_installed_greets_and_measures(root):
    checked("ip", "link", "set", "lo", "up")
    server = subprocess.Popen(["chroot", root.folder, "hello-server", "0"], stdout=subprocess.PIPE, text=True)
    try:
        port = re.search(r":(\d+) engine=", server.stdout.readline())[1]
        said = root.run("hello-load", "-q", "-n", "100", f"127.0.0.1:{port}", f"[::1]:{port}")
    finally:
        server.terminate()
        server.communicate(timeout=DEADLINE_S)
    assert " started=100 ok=100 failed=0 " in said
    assert server.returncode == 0


def test_both_programs_say_the_version_of_their_package(root):
    for name in PROGRAMS:
        assert root.run(name, "--version") == f"{name} {VERSION}\n"


def test_the_service_is_enabled_and_its_socket_is_not(root):
    assert (root.has(WANTED), root.has(SOCKET_WANTED)) == (True, False)


def test_the_user_of_the_service_cannot_log_in(root):
    (line,) = re.findall(r"^hello-server:.*$", (root.folder / "etc/passwd").read_text(), re.MULTILINE)
    assert line.endswith(":/:/usr/sbin/nologin")


def test_systemd_accepts_the_units(root):
    done = run("systemd-analyze", "verify", "--man=no", f"--root={root.folder}", "hello-server.service",
               "hello-server.socket")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(params=["handover.conf", "privileged-port.conf"])
def drop_in(root, request):
    """An example, put where it belongs."""
    folder = root.folder / "etc/systemd/system/hello-server.service.d"
    folder.mkdir()
    shutil.copy(root.folder / "usr/share/doc/hello-server/examples" / request.param, folder)
    yield request.param
    shutil.rmtree(folder)


def test_systemd_accepts_the_examples_beside_the_unit(root, drop_in):
    done = run("systemd-analyze", "verify", "--man=no", f"--root={root.folder}", "hello-server.service")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURES_MAX[drop_in]}",
               f"--root={root.folder}", "hello-server.service")
    assert done.returncode == 0, done.stdout[-200:]


def test_the_service_is_exposed_as_little_as_a_network_service_can_be(root):
    done = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}",
               f"--root={root.folder}", "hello-server.service")
    assert done.returncode == 0, done.stdout[-200:]
    assert "Overall exposure level" in done.stdout


def test_an_upgrade_keeps_settings_and_what_the_operator_enabled(root, later):
    settings = root.folder / "etc/default/hello-server"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("HELLO_SERVER_PORT=7000\n")
    root.run("systemctl", "disable", "hello-server.service")
    root.run("systemctl", "enable", "hello-server.socket")
    root.install(*later)
    assert settings.read_text() == "HELLO_SERVER_PORT=7000\n"
    assert (root.has(WANTED), root.has(SOCKET_WANTED)) == (False, True)
    settings.unlink()  # a purge leaves what is not the package's
    assert root.run("dpkg-query", "-W", "-f", "${Version} ${Status}\n", *PROGRAMS) == (
        f"{LATER} install ok installed\n" * 2)


def test_a_purge_leaves_nothing_behind(root):
    assert root.files() - root.before != set()
    root.run("dpkg", "--purge", *PROGRAMS)
    # systemd's folder for all sockets may be new.
    assert root.files() - root.before <= {"etc/systemd/system/sockets.target.wants"}
    assert root.before - root.files() == set()
