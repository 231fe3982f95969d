"""What answers: hello-server in its forms, the two references, and programs that users would take
instead. Each is configured at its best for this one task: a listener per worker, many
connections accepted at a time, no logs, nothing kept open, and nothing else loaded."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import time

import cgroup
import probe

START_TIMEOUT_S = 10
NGINX_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a responder is started for."""
    build: pathlib.Path  # where our programs are
    folder: pathlib.Path  # for files of its own
    port: int
    workers: int
    greeting: bytes = b"hello\n"

    def written(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="ascii")
        return path


@dataclasses.dataclass(frozen=True)
class Responder:
    name: str
    command: object  # a function of a Setup: the command line
    package: str = None  # the Debian package it comes from; None: this tree
    request: bytes = b""  # what it wants to be asked before it answers
    connections: int = None  # in flight, where it cannot take as many as the others
    needs: str = None  # a file without which it cannot be started
    build: pathlib.Path = None  # where this one's program is, if not where all are


def hello_server(engine, close, *more):
    def command(setup):
        greeting = setup.written("greeting", setup.greeting.decode())
        return [setup.build / "src/hello-server", "--engine", engine, "--close", close,
                "--workers", setup.workers, "--greeting-file", greeting, *more, setup.port]
    return command


def reference(program):
    def command(setup):
        return [setup.build / "bench" / program, str(setup.port)]
    return command


def nginx(module, answer):
    def command(setup):
        path = setup.written("nginx.conf", f"""\
{f"load_module {NGINX_MODULE};" if module == "stream" else ""}
daemon off;
user root;
pid {setup.folder}/nginx.pid;
error_log /dev/null crit;
worker_processes {setup.workers};
worker_rlimit_nofile 20000;
events {{ use epoll; worker_connections 16384; multi_accept on; accept_mutex off; }}
{module} {{
    {"access_log off; keepalive_timeout 0; default_type text/plain;" if module == "http" else ""}
    server {{
        listen [::]:{setup.port} reuseport ipv6only=off backlog=65535;
        {answer}
    }}
}}
""")
        return ["nginx", "-e", "/dev/null", "-p", setup.folder, "-c", path]
    return command


def haproxy(setup):
    path = setup.written("haproxy.cfg", f"""\
global
    maxconn 8000
    nbthread {setup.workers}
    tune.maxaccept -1
defaults
    mode http
    timeout client 10s
    option httpclose
frontend hello
    bind :::{setup.port} v4v6 backlog 65535
    http-request return status 200 content-type text/plain string "hello\\n"
""")
    return ["haproxy", "-db", "-q", "-f", path]


def socket_activation(setup):
    return ["systemd-socket-activate", "--accept", "--inetd", "-l", f"[::]:{setup.port}",
            "/bin/echo", "hello"]


RESPONDERS = [
    Responder("uring, swift", hello_server("uring", "swift")),
    Responder("uring, linger", hello_server("uring", "linger")),
    Responder("epoll, swift", hello_server("epoll", "swift")),
    Responder("epoll, linger", hello_server("epoll", "linger")),
    Responder("blocking loop", reference("blocking_responder")),
    Responder("epoll loop", reference("epoll_responder")),
    Responder("lingering loop", reference("linger_responder")),
    Responder("nginx stream", nginx("stream", 'return "hello\\n";'), "nginx-light",
              needs=NGINX_MODULE),
    # Asked in HTTP/0.9, which has no headers: the shortest question and answer that nginx knows,
    # and no date in it, so that every byte can be compared.
    Responder("nginx http", nginx("http", 'location / { return 200 "hello\\n"; }'), "nginx-light",
              request=b"GET /\r\n"),
    Responder("haproxy", haproxy, "haproxy", request=b"GET / HTTP/1.0\r\n\r\n"),
    # It starts a process for each connection; more of them at a time only wait longer.
    Responder("socket activation", socket_activation, "systemd", connections=16),
]


def is_ours(name):
    """Whether a responder of this name, or of this name and another build, is hello-server."""
    return name.startswith(("uring,", "epoll,"))


def named(*names):
    return [next(one for one in RESPONDERS if one.name == name) for name in names]


class Running:
    """A responder that runs on one CPU set, in a cgroup of its own."""

    def __init__(self, responder, setup, cpus, group):
        self.responder, self.setup, self.group = responder, setup, group
        self.name, self.address = responder.name, ("127.0.0.1", setup.port)
        self.command = [str(word) for word in responder.command(setup)]
        if not shutil.which(self.command[0]):
            raise OSError(f"{self.command[0]} is not installed")
        if responder.needs and not os.path.exists(responder.needs):
            raise OSError(f"{responder.needs} is not installed")

        self.cpus, self.process = cpus, None
        self.log = open(setup.folder / "log", "w+", encoding="utf-8")
        self.start()

    def start(self):
        """Start it, also again after stop(). Raises OSError if it does not come to answer."""
        def place():
            os.sched_setaffinity(0, self.cpus)
            cgroup.add_self(self.group)

        self.log.seek(0)
        self.log.truncate()
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log,
                                            stderr=self.log, preexec_fn=place, process_group=0)
        except subprocess.SubprocessError as error:  # from place()
            raise OSError(f"{self.command[0]} could not be put in its place: {error}") from None
        try:
            self._wait_until_it_answers()
        except BaseException:  # also when the benchmark is stopped meanwhile
            self.stop()
            raise

    def _wait_until_it_answers(self):
        """Whoever only listens may still be starting, and would be charged for it in a run."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if probe.ask(self.address, self.responder.request).data:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        self.log.seek(0)
        raise OSError(f"{' '.join(self.command)} did not come to answer: {self.log.read().strip()}")

    def targets(self):
        """Both families, side by side."""
        return [f"127.0.0.1:{self.setup.port}", f"[::1]:{self.setup.port}"]

    def used_s(self):
        """The CPU time that it used so far, with all its processes."""
        return self.group.used_s()

    @contextlib.contextmanager
    def stopped(self):
        """All its processes stand still meanwhile."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(START_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

