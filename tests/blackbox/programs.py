"""hello-server and hello-load as processes: starting and stopping them, reading what they print."""
import contextlib
import fcntl
import ipaddress
import os
import re
import resource
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time

import kernel

SANITIZED = os.environ.get("HELLO_SANITIZE", "")
CHECKED = "checked:" if os.environ.get("HELLO_TEST_CHECKED") else ""  # engines check their use
ENGINES = [CHECKED + name for name in ("uring", "epoll")]
DEADLINE_S = 60 if SANITIZED else 15  # far more than anything here takes; reached only by a bug

OUTCOMES = ("greeted", "expired", "reset", "stalled", "orphaned", "failed", "abandoned")
START_LINE = re.compile(
    r"hello-server: listening on (?P<host>\[[0-9a-f:.]+\]|[0-9.]+):(?P<port>\d+)"
    r" engine=(?:checked:)?(?P<engine>uring|epoll) workers=(?P<workers>\d+)"
    r" close=(?P<close>linger|swift) pid=(?P<pid>\d+)"
    r"(?: admin=(?P<admin_host>\[[0-9a-f:.]+\]|[0-9.]+):(?P<admin_port>\d+))?"
    r"(?P<answer> answer=http)?(?: greet-after='(?P<greet_after>[^\n]*?)')?(?: handover='(?P<handover>[^\n]*)')?\n"
)
STOP_LINE = re.compile(
    r"hello-server: stopped accepted=(\d+)" + "".join(rf" {name}=(\d+)" for name in OUTCOMES) + "\n"
)
ASKED_STOP_LINE = re.compile(STOP_LINE.pattern.replace("\n", r" silent=(\d+)" + "\n"))  # clients must ask
FAILURES = (
    "refused", "reset", "short", "mismatch", "extra", "connect_timeout", "timeout", "unreachable",
    "no_address", "no_port", "no_descriptor", "other",
)
LOAD_LINE = re.compile(
    r"hello-load: done connections_per_s=(?P<connections_per_s>[\d.]+)"
    + "".join(rf" {name}=(?P<{name}>\d+)"
              for name in ("started", "ok", "failed", *FAILURES, "late", "dropped",
                           "abandoned"))
    + "".join(rf" {name}_us=(?P<{name}_us>[\d.]+)" for name in ("p50", "p99", "max"))
    + r" limit=(?P<limit>none|generator|machine|unknown) cut=(?P<cut>[01]) close=(?P<close>fin|rst) seconds=(?P<seconds>[\d.]+)"
)


def wait_until(condition, what, within=DEADLINE_S):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"waited {within} s for {what}"
        time.sleep(0.002)


def environment(changes=None):
    """This process's environment without what would configure the programs, plus `changes`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HELLO_") and name not in ("PORT", "NOTIFY_SOCKET")
    }
    return {**kept, **checked_engines(), **(changes or {})}


def checked_engines():
    """What makes the programs use a checking engine where a test names none."""
    if not CHECKED:
        return {}
    engine = ENGINES[1] if kernel.io_uring_error() else ENGINES[0]
    return {"HELLO_SERVER_ENGINE": engine, "HELLO_LOAD_ENGINE": engine}


def limits(**values):
    """A preexec_fn that sets resource limits, soft and hard: limits(NOFILE=64)."""

    def limit():
        for name, value in values.items():
            resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))

    return limit


def unprivileged():
    """A preexec_fn: be nobody, without any privilege over the machine. Where the tests are not the
    machine's root themselves, they have none already."""
    if kernel.is_root_of_the_machine():
        os.setgroups([])
        os.setgid(kernel.NOBODY)
        os.setuid(kernel.NOBODY)


def ahead_of_others():
    """A preexec_fn: run before others, where that is allowed, so that times are the program's own
    and not those of whatever else runs on this machine."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def last_cpu():
    """A preexec_fn: stay on the last CPU that is allowed."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextlib.contextmanager
def ahead_of_all():
    """Be woken in time, and before the programs under test."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(2))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@contextlib.contextmanager
def stopped(process):
    """The process stands still meanwhile, all of its threads (SIGSTOP alone only begins that)."""
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: kernel.threads_are(process.pid, "T"), "it to stand still")
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def stop_for(process, seconds):
    """Let a process stand still for so long. Returns for how long it really did."""
    with ahead_of_all():
        with stopped(process):
            began = time.monotonic()
            time.sleep(seconds)
            ended = time.monotonic()
    return ended - began


class Pauses:
    """How long this machine kept a thread waiting that sleeps for a moment at a time, while a test ran: so
    much of what the test measures may be the machine's. Only to be allowed for where it makes times longer."""

    STEP_S = 0.005

    def __init__(self):
        self.longest_s = self.total_s = 0.0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self):
        before = time.monotonic()
        while not self.over.wait(self.STEP_S):
            now = time.monotonic()
            late_s = now - before - self.STEP_S
            if late_s > self.STEP_S:
                self.longest_s = max(self.longest_s, late_s)
                self.total_s += late_s
            before = now

    def stop(self):
        self.over.set()
        self.thread.join()


def one_after_the_other(*functions):
    """A preexec_fn that is several, of which any may be None."""

    def prepare():
        for function in functions:
            if function:
                function()

    return prepare


# The programs are linked statically.
STATIC = os.environ.get("HELLO_STATIC") == "1"


def server_path():
    return os.environ["HELLO_SERVER"]


def run(program, *args, env=None, before=None, within=DEADLINE_S):
    """Run a program to its end."""
    return subprocess.run(
        [program, *map(str, args)], env=environment(env), preexec_fn=before, timeout=within,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="surrogateescape",
    )


@contextlib.contextmanager
def running(program, *args, **options):
    """A program that is killed in the end, if it does not end before."""
    usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
             "env": environment()}
    process = subprocess.Popen([program, *map(str, args)], **{**usual, **options})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process, within=DEADLINE_S):
    """(exit code, standard output, standard error) of a process that ends by itself."""
    out, errors = process.communicate(timeout=within)
    return process.returncode, (out or b"").decode(), (errors or b"").decode()


@contextlib.contextmanager
def full_pipe(blocking=True):
    """(reader, writer) of a pipe that takes nothing more until it is read."""
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"." * size)
    os.set_blocking(writer, blocking)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Inside:
    """A program as PID 1 of a namespace of its own (pid_namespaces(7))."""

    MOUNT = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'

    def __init__(self, *command, resolver=None):
        """resolver: the file that is /etc/resolv.conf there."""
        unshare = ["unshare", "--pid", "--fork", "--kill-child"]
        if resolver:
            unshare += ["--mount", "--propagation", "private", "sh", "-c", self.MOUNT, resolver]
        self.context = running(*unshare, *command)

    def __enter__(self):
        self.process = self.context.__enter__()
        self.communicate, self.kill = self.process.communicate, self.process.kill
        wait_until(self.children, "the program to start")
        return self

    def __exit__(self, *failure):
        return self.context.__exit__(*failure)

    def children(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as pids:
            return [int(child) for child in pids.read().split()]

    @property
    def returncode(self):
        return self.process.returncode

    def inner(self):
        """Its number out here, once it is the program."""
        (pid,) = self.children()
        wait_until(lambda: kernel.command(pid).startswith("hello-"), "the program to be loaded")
        return pid


def server_config_and_sources(*args, **options):
    """{name: (effective setting, where it came from)}, as --print-config prints them."""
    result = run(server_path(), "--print-config", *args, **options)
    assert (result.returncode, result.stderr) == (0, ""), result
    lines = result.stdout.splitlines()
    matches = [re.fullmatch(r"([a-z][a-z0-9._-]*)=(.*)  # (.+)", line) for line in lines]
    assert all(matches), result.stdout
    settings = {match[1]: (match[2], match[3]) for match in matches}
    assert len(settings) == len(lines), "a key is there twice"
    return settings


def server_config(*args, **options):
    """{name: effective setting}, as --print-config prints them."""
    return {name: value for name, (value, _) in server_config_and_sources(*args, **options).items()}


class ServiceManager:
    """Who started the server and wants to hear how it is (sd_notify(3))."""

    def __init__(self, directory):
        path = str(directory / "notify")
        self.environment = {"NOTIFY_SOCKET": path}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(DEADLINE_S)

    def expect(self, state):
        assert state in self.socket.recv(4096).decode().split("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Server:
    """A hello-server that is able to accept."""

    def __init__(self, *args, env=None, before=None, port=0, keep=(), link=None):
        """link: serve at the other end of it."""
        self.counters = link.counters() if link else kernel.Counters()
        before = one_after_the_other(before, link.enter if link else None)
        self.stderr_file = tempfile.TemporaryFile()
        arguments = [server_path(), *map(str, args)]
        self.process = subprocess.Popen(
            arguments if port is None else [*arguments, str(port)],
            env=environment(env), preexec_fn=before, pass_fds=keep, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.stderr_file,
        )
        self.pid = self.process.pid
        self.asks = any(word in ("--greet-after", "--answer") for word in arguments)
        try:
            self.line = self._read_line()
            match = START_LINE.fullmatch(self.line)
            assert match, f"not a start line: {self.line!r}; stderr: {self.stderr()}"
        except BaseException:
            self.kill()
            raise
        self.host = match["host"].strip("[]")
        self.port = int(match["port"])
        self.engine = match["engine"]
        self.workers = int(match["workers"])
        self.close = match["close"]
        assert int(match["pid"]) == self.pid
        self.admin = match["admin_host"] and (match["admin_host"].strip("[]"), int(match["admin_port"]))
        self.idle_descriptors = kernel.descriptors(self.pid)

    def _read_line(self):
        line = b""
        deadline = time.monotonic() + DEADLINE_S
        poll = select.poll()
        poll.register(self.process.stdout, select.POLLIN)
        while not line.endswith(b"\n"):
            left = max(0, deadline - time.monotonic())
            assert poll.poll(left * 1000), f"no start line: {line!r}"
            part = os.read(self.process.stdout.fileno(), 1)
            assert part, f"ended with {self.process.wait()} before it listened: {self.stderr()}"
            line += part
        return line.decode()

    def stderr(self):
        """The lines of warnings so far."""
        return os.pread(self.stderr_file.fileno(), 1 << 20, 0).decode().splitlines()

    def address(self, family):
        return (family.loopback, self.port)

    def target(self, family):
        """The address as one types it."""
        host = ipaddress.ip_address(family.loopback)
        return f"[{host}]:{self.port}" if host.version == 6 else f"{host}:{self.port}"

    def open_connections(self):
        return kernel.descriptors(self.pid) - self.idle_descriptors

    def wait_until_idle(self, within=DEADLINE_S):
        """Wait until the server holds no connection."""
        # Fewer than at the start line: a file about the limits was being read just then.
        wait_until(lambda: self.open_connections() <= 0, "all connections to end", within)

    def wait_until_asleep(self):
        wait_until(lambda: kernel.threads_are(self.pid, "S"), "all threads to sleep")

    @contextlib.contextmanager
    def paused(self):
        """The server does not run, while the kernel goes on completing handshakes for it."""
        with stopped(self.process):
            yield

    def wakes_per_s(self, during_s=1.5):
        """How often the server wakes in a second; it must go to sleep each time, or this never ends.

        What it costs is counted, since a machine that is busy needs more CPU time for the same.
        ThreadSanitizer has a thread of its own, which wakes every 100 ms and is not counted."""
        own_wakes_per_s = 10 if "thread" in SANITIZED else 0
        start, before = time.monotonic(), kernel.sleeps(self.pid)
        time.sleep(during_s)
        count = kernel.sleeps(self.pid) - before
        seconds = time.monotonic() - start
        self.wait_until_asleep()
        return count / seconds - own_wakes_per_s

    def stop(self, signum=signal.SIGTERM, **expectation):
        self.process.send_signal(signum)
        return self.finish(**expectation)

    def finish(self, within=DEADLINE_S, warnings=0, all_accepted=True):
        """Wait for the end, check what must hold for every run, and return the totals.

        warnings: how many lines on stderr; None if any number may be there.
        all_accepted: every connection that the kernel established was accepted."""
        code = self.process.wait(within)
        output = self.process.stdout.read().decode()
        stderr = self.stderr()
        assert code == 0, f"exit code {code}; stderr: {stderr}"
        match = (ASKED_STOP_LINE if self.asks else STOP_LINE).fullmatch(output)
        assert match, f"not a line of totals: {output!r}; stderr: {stderr}"
        totals = dict(zip(("accepted", *OUTCOMES, "silent"), map(int, match.groups())))
        assert totals["accepted"] == sum(totals.values()) - totals["accepted"], totals
        if all_accepted:
            assert totals["accepted"] == self.counters["TcpPassiveOpens"], totals
        assert warnings is None or len(stderr) == warnings, stderr
        assert all(line.startswith("hello-server: ") for line in stderr), stderr
        return totals

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def loaded(load, one, *args, **options):
    """A hello-load whose run is over, and that writes."""
    return running(load, "-n", "10", "-c", "1", *args, f"127.0.0.1:{one.port}", **options)


def run_is_over(one, count=10):
    wait_until(lambda: one.counters["TcpPassiveOpens"] >= count, "the connections to be made")
    one.wait_until_idle()


def totals(**counts):
    """Totals with everything that is not named at 0: totals(greeted=3) has accepted=3, too."""
    return {"accepted": sum(counts.values()), **dict.fromkeys(OUTCOMES, 0), **counts}


class Load:
    """A finished run of hello-load, by the last line that it prints."""

    def __init__(self, *args, env=None, before=None, within=8 * DEADLINE_S):
        result = run(os.environ["HELLO_LOAD"], *args, env=env, before=before, within=within)
        self.code, self.stdout, self.stderr = result.returncode, result.stdout, result.stderr
        lines = self.stdout.splitlines()
        match = LOAD_LINE.fullmatch(lines[-1]) if lines else None
        assert match, result
        self.line = match.groupdict()
        self.connections_per_s = float(self.line["connections_per_s"])
        self.seconds = float(self.line["seconds"])
        self.started, self.ok, failed, self.late, self.dropped, abandoned = (
            int(self.line[name])
            for name in ("started", "ok", "failed", "late", "dropped", "abandoned")
        )
        counts = {name: int(self.line[name]) for name in FAILURES}
        self.failures = {name: count for name, count in counts.items() if count}
        assert failed == sum(counts.values()), lines[-1]
        assert self.started == self.ok + failed + abandoned, lines[-1]
        if not any(word.startswith("--assert") for word in map(str, args)):
            missed = self.failures or not self.ok or self.dropped or "lateness.p99<100ms  " in self.missed()
            assert self.code == (3 if missed else 0), (self.code, self.stdout)

    def missed(self):
        """The lines of the assertions that do not hold, of a run that was not quiet."""
        return "".join(line for line in self.stdout.splitlines(True) if line[:2] in ("x ", "✗ "))
