"""What is measured on: facts that go with each table, and the private network of a run."""
import datetime
import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys

IN_NAMESPACE = "HELLO_BENCH_NAMESPACE"

# As in a guest of 256 MB, but for the accept queue, which must not be what limits. With room for so
# few closed connections (TIME_WAIT), each run finds the table full, as the one before it did.
SETTINGS = {
    "net/core/somaxconn": "65535",
    "net/ipv4/ip_local_port_range": "1024 65535",
    "net/ipv4/tcp_max_tw_buckets": "1024",
}


def setting(name):
    try:
        return " ".join(pathlib.Path(f"/proc/sys/{name}").read_text(encoding="ascii").split())
    except OSError as error:
        return error.strerror


def enter_namespace():
    """Start this program again in a network namespace of its own."""
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    trial = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        sys.exit(f"bench: no private network: {' '.join(unshare)}: {trial.stderr.strip()}")
    os.environ[IN_NAMESPACE] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])


def prepare_namespace():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in SETTINGS.items():
        pathlib.Path(f"/proc/sys/{name}").write_text(value, encoding="ascii")


def cpu_model():
    info = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", info, re.MULTILINE)
    return found.group(1) if found else platform.machine()


def version_of(package):
    """The version of a Debian package, or None where there is no such package."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


def revision():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip() or "unknown"


def facts(command):
    """What each table carries, by name."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": shlex.join(command),
        "revision": revision(),
        "kernel": platform.release(),
        "cpu": f"{cpu_model()}, {os.cpu_count()} CPUs",
        "network": "loopback in a namespace of its own",
        "congestion control": setting("net/ipv4/tcp_congestion_control"),
        "tcp_max_tw_buckets": setting("net/ipv4/tcp_max_tw_buckets"),
        "local ports": setting("net/ipv4/ip_local_port_range"),
        "tcp_timestamps": setting("net/ipv4/tcp_timestamps"),
        "liburing": version_of("liburing2") or "unknown",
    }
