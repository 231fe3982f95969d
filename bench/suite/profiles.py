"""Where the time goes: perf's samples of a responder under the quota, by what the kernel was at."""
import collections
import re
import shutil
import subprocess
import threading

import tables
from field import Field
from meter import Load
from responders import named
from scenarios import SMALLEST_US

SAMPLES_PER_S = 20000

# From the innermost frame outwards, the first that matches names the work; what is common to all
# (locks, memory, copies) so counts for its caller.
WORK = (
    ("wake-ups and scheduling", r"try_to_wake_up|__wake_up|ttwu|schedule$|__schedule|ep_poll_callback"
                                r"|io_poll_wake|sock_def_(wakeup|readable)|hrtimer|pick_next"),
    ("TCP and IP", r"^_?_?(tcp|inet|ip6?|sk|skb|net_rx|napi|process_backlog|dev_|loopback|nf_|xfrm"
                   r"|fib|reqsk|sock_(sendmsg|recvmsg)|release_sock|lock_sock)"),
    ("socket and file objects", r"^_?_?(sock_(alloc|close|release)|do_accept|alloc_file|alloc_inode"
                                r"|fput|fget|__fput|dput|d_|iput|evict|destroy_inode|file_|fd_|close"
                                r"|get_unused_fd|alloc_fd|init_file|security_)"),
    ("engine", r"^_?_?(io_|ep_|do_epoll|epoll|req_|x64_sys_(io_uring|epoll))"),
    ("system call entry", r"^(entry_|do_syscall|syscall_|__x64_sys|x64_sys)"),
)


def category_of(frames):
    """frames: (symbol, whether of the kernel), the innermost first."""
    if not frames:
        return "other"
    if not frames[0][1]:
        return "user code"
    for symbol, kernel in frames:
        if kernel:
            for name, pattern in WORK:
                if re.search(pattern, symbol):
                    return name
    return "other"


def shares(script):
    """The share of each kind of work in what `perf script -F ip,sym,dso` printed."""
    counts = collections.Counter()
    for block in script.strip().split("\n\n"):
        frames = []
        for line in block.splitlines():
            found = re.match(r"\s*[0-9a-f]+\s+(\S+).*\((.*)\)$", line)
            if found:
                frames.append((found.group(1), "kernel" in found.group(2) or found.group(2) == "[k]"))
        if frames:
            counts[category_of(frames)] += 1
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items()} if total else {}


def record(running, seconds, folder):
    data = folder / "perf.data"
    done = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_S), "-g",
                           "-p", str(running.process.pid), "-o", data, "--", "sleep", str(seconds)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"perf cannot record: {done.stderr.strip()}")
    return subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True,
                          text=True, check=True).stdout


def profile(options, document):
    """Where the time goes: user code, engine, socket and file objects, TCP, wake-ups."""
    if not shutil.which("perf"):
        raise OSError("no perf: apt-get install linux-perf")
    names = [name for name, _ in WORK] + ["user code", "other"]
    table = tables.Table("Share of the responder's CPU time, under a quota of 5 ms per 80 ms",
                         ["responder", *names])
    chosen = options.choose(named("uring, swift", "uring, linger", "epoll, swift", "epoll, linger"))
    with Field(options, chosen, quota_us=SMALLEST_US) as field:
        for one in field:
            seconds = options.seconds * 8
            load = Load(seconds + 1, 0, options.connections)
            driver = threading.Thread(target=field.measure, args=(one, load))
            driver.start()
            try:
                found = shares(record(one, seconds, one.setup.folder))
            finally:
                driver.join()
            document.raw[one.name] = found
            table.rows.append([one.name] + [f"{found.get(name, 0):.0%}" for name in names])
    table.remarks.append(f"cpu-clock at {SAMPLES_PER_S:,} Hz; on loopback, TCP and IP includes the "
                         "client's side of each packet that the responder sends")
    document.tables.append(table)
