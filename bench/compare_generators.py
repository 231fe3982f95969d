"""Compare hello-load with other generators of connections: paired runs, in rounds.

Every generator runs on the same CPU against the same responder, hello-server on another CPU. Each
round runs all of them once, in a new random order, so what a neighbour takes from the machine for
longer than a run it takes from all. Ratios are of runs of the same round; what is to be believed is
their median, and how far apart they are. A generator's own CPU time per connection, work of the
kernel on its behalf included, is printed too: it counts only what the generator had.

Two answers are compared: "plain", the greeting hello-load is made for, to clients that say nothing,
and "http", for generators that speak nothing else: there all of them send a request. The responder
answers unasked, and closes.
"""
import argparse
import os
import pathlib
import platform
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "suite"))
import machine  # noqa: E402

IN_NAMESPACE = "HELLO_BENCH_NAMESPACE"
ANSWERS = {
    "plain": "hello\\n",
    "http": "HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\nConnection: close\\r\\n\\r\\nhello\\n",
}
REQUESTS = {
    "plain": "",
    "http": "GET / HTTP/1.1\\r\\nHost: here\\r\\nConnection: close\\r\\n\\r\\n",
}
# An HTTP client's request must be read, or the close resets the client: hence linger.
CLOSES = {"plain": "swift", "http": "linger"}
BUSY = 0.95  # of a CPU: from here on it is what limits
DISTURBED = 0.1  # of a CPU: from here on what others took of it spoils a run
WARM_UP_S = 2  # fills the responder's table of closed connections, as it will be from then on
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def fail(message, code=1):
    print(f"compare_generators: {message}", file=sys.stderr)
    sys.exit(code)


# The machine


def enter_namespace():
    """Start this script again in a network namespace of its own, if that can be had."""
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    works = subprocess.run([*unshare, "true"], capture_output=True).returncode == 0
    os.environ[IN_NAMESPACE] = "own" if works else "shared"
    if works:
        os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])


def cpu_times(cpu):
    """What a CPU did since it started, in seconds: busy in all, in softirq, stolen."""
    for line in pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines():
        if line.startswith(f"cpu{cpu} "):
            user, nice, system, idle, iowait, irq, softirq, steal, *_ = map(int, line.split()[1:])
            del idle, iowait
            busy = user + nice + system + irq + softirq
            return [ticks / TICKS_PER_S for ticks in (busy, softirq, steal)]
    fail(f"there is no CPU {cpu}; choose others with --generator-cpu and --responder-cpu", 2)


def children_s():
    """The CPU time that ended child processes used, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def active_opens():
    """Connections that were started in this network namespace."""
    lines = pathlib.Path("/proc/self/net/snmp").read_text(encoding="ascii").splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(values[names.index("ActiveOpens")])


def print_machine(options):
    print(f"kernel     {platform.release()}, {machine.cpu_model()}, {os.cpu_count()} CPUs")
    print(f"network    {os.environ[IN_NAMESPACE]} namespace, loopback, congestion control "
          f"{machine.setting('net/ipv4/tcp_congestion_control')}, local ports "
          f"{'-'.join(machine.setting('net/ipv4/ip_local_port_range').split())}")
    print(f"responder  hello-server on CPU {options.responder_cpu}, one worker")
    print(f"generator  on CPU {options.generator_cpu}, {options.connections} connections in "
          f"flight, {options.seconds} s a run, {options.rounds} rounds, seed {options.seed}")


# The programs


class Responder:
    def __init__(self, options, answer):
        command = ["taskset", "-c", str(options.responder_cpu),
                   options.build / "src/hello-server", "--listen", options.address,
                   "--close", options.close or CLOSES[answer], "--workers", "1",
                   "--greeting", ANSWERS[answer], "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.match(r"hello-server: listening on .*:(\d+) ", line)
        if not found:
            fail(f"the responder did not start: {line.strip() or 'it printed nothing'}")
        self.port = int(found.group(1))

    def used_s(self):
        """The CPU time it has used, in seconds."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / TICKS_PER_S

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


def hello_load(engine):
    def command(options, answer, port):
        host = f"[{options.address}]" if ":" in options.address else options.address
        return [options.build / "src/hello-load", "--quiet", "--engine", engine,
                "--connections", str(options.connections), "--duration", f"{options.seconds}s",
                "--expect", ANSWERS[answer], "--send", REQUESTS[answer], f"{host}:{port}"]
    return command


def unescape(text):
    return text.encode("ascii").decode("unicode_escape")


def epoll_generator(options, answer, port):
    return [options.build / "bench/epoll_generator", options.address, str(port),
            str(options.connections), str(options.seconds),
            unescape(ANSWERS[answer]), unescape(REQUESTS[answer])]


def url(options, port):
    host = f"[{options.address}]" if ":" in options.address else options.address
    return f"http://{host}:{port}/"


def wrk(options, _answer, port):
    return ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s",
            "-H", "Connection: close", url(options, port)]


def hey(options, _answer, port):
    return ["env", "GOMAXPROCS=1", "hey", "-cpus", "1", "-c", str(options.connections),
            "-z", f"{options.seconds}s", "-disable-keepalive", url(options, port)]


def read_done_line(output):
    """The rate and the failures on the last line of hello-load and epoll_generator."""
    fields = dict(re.findall(r"(\w+)=([\d.]+)", output.strip().splitlines()[-1]))
    others = {"connections_per_s", "started", "ok", "late", "p50_us", "p99_us", "max_us", "seconds"}
    failures = {name: int(float(value)) for name, value in fields.items()
                if name not in others and float(value) > 0}
    if len(failures) > 1:
        del failures["failed"]  # the sum
    return float(fields["connections_per_s"]), failures


def read_wrk(output):
    failures = {}
    found = re.search(r"Socket errors: (.*)", output)
    for part in found.group(1).split(", ") if found else []:
        name, count = part.split()
        if int(count):
            failures[name] = int(count)
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    if found:
        failures["other answers"] = int(found.group(1))
    return float(re.search(r"Requests/sec:\s*([\d.]+)", output).group(1)), failures


def read_hey(output):
    _, _, errors = output.partition("Error distribution:")
    failures = {}
    for count, text in re.findall(r"^\s*\[(\d+)\]\s*(.*)$", errors, re.MULTILINE):
        reason = re.sub(r"[\w.:\[\]]+->[\w.:\[\]]+: ", "", re.sub(r'^.*": ', "", text))
        failures[reason] = failures.get(reason, 0) + int(count)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", output).group(1)), failures


REFERENCE = "epoll_generator"
GENERATORS = {  # the name, how it is started, how its output is read, the answers it understands
    REFERENCE: (epoll_generator, read_done_line, ("plain", "http")),
    "hello-load/uring": (hello_load("uring"), read_done_line, ("plain", "http")),
    "hello-load/epoll": (hello_load("epoll"), read_done_line, ("plain", "http")),
    "wrk": (wrk, read_wrk, ("http",)),
    "hey": (hey, read_hey, ("http",)),
}


# Runs


class Run:
    """One run of one generator: what it reached, and what it took."""

    def __init__(self, options, name, answer, responder):
        make_command, read_output, _ = GENERATORS[name]
        command = ["taskset", "-c", str(options.generator_cpu),
                   *make_command(options, answer, responder.port)]
        generator_before = cpu_times(options.generator_cpu)
        responder_before = cpu_times(options.responder_cpu)
        opens_before, start = active_opens(), time.monotonic()
        used_before, responder_used_before = children_s(), responder.used_s()
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=options.seconds + 60)
        seconds = time.monotonic() - start
        self.name = name
        self.share = (children_s() - used_before) / seconds
        responder_share = (responder.used_s() - responder_used_before) / seconds
        self.opened_per_s = (active_opens() - opens_before) / options.seconds
        self.generator, self.softirq, steal = self.shares(
            generator_before, cpu_times(options.generator_cpu), seconds)
        self.responder, _, responder_steal = self.shares(
            responder_before, cpu_times(options.responder_cpu), seconds)
        self.others = max(self.generator - self.share + steal,
                          self.responder - responder_share + responder_steal)
        try:
            self.rate, self.failures = read_output(done.stdout)
        except (AttributeError, IndexError, KeyError, ValueError):
            fail(f"cannot read what {name} printed:\n{done.stdout}{done.stderr}")
        if self.rate == 0:
            fail(f"{name} made no connection:\n{done.stdout}{done.stderr}")
        self.cost_us = self.share * 1e6 / self.rate

    @staticmethod
    def shares(before, after, seconds):
        return [(end - begin) / seconds for begin, end in zip(before, after)]

    def disturbed(self):
        return self.others > DISTURBED

    def remarks(self):
        remarks = []
        if self.responder > BUSY:
            remarks.append("THE RESPONDER WAS THE LIMIT")
        elif self.generator < BUSY:
            remarks.append("the generator's CPU was not used up")
        if self.disturbed():
            remarks.append(f"DISTURBED: others took {self.others:.0%} of a CPU")
        if self.failures:
            failures = ", ".join(f"{count} {kind}" for kind, count in self.failures.items())
            remarks.append(f"ERRORS: {failures}")
        if not 0.95 < self.opened_per_s / self.rate < 1.05:
            remarks.append(f"the kernel counted {self.opened_per_s:,.0f}/s")
        return "; ".join(remarks)

    def print(self, round_number):
        print(f"{round_number:5}  {self.name:18}{self.rate:10,.0f}{self.share:11.0%}"
              f"{self.generator:10.0%}{self.softirq:9.0%}{self.responder:11.0%}"
              f"{self.cost_us:13.1f}  {self.remarks()}".rstrip(), flush=True)


def quartiles(values):
    if len(values) == 1:
        return values * 5
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return min(values), low, median, high, max(values)


def print_spread_heading(what):
    print(f"\n{what:37}{'min':>8}{'quartile':>10}{'median':>8}{'quartile':>10}{'max':>8}")


def print_medians(rounds, names):
    print_spread_heading("connections/s")
    for name in names:
        spread = quartiles([runs[name].rate for runs in rounds])
        print("{:37}{:8,.0f}{:10,.0f}{:8,.0f}{:10,.0f}{:8,.0f}".format(name, *spread))


def print_ratios(rounds, names, what, value):
    print_spread_heading(f"ratio of {what}")
    for name in (name for name in names if name.startswith("hello-load")):
        for other in names:
            if other == name or (other.startswith("hello-load") and other > name):
                continue
            spread = quartiles([value(runs[name]) / value(runs[other]) for runs in rounds])
            print("{:37}{:8.3f}{:10.3f}{:8.3f}{:10.3f}{:8.3f}".format(
                f"{name} : {other}", *spread))


def run_rounds(options, answer, names, responder):
    """As many rounds as were asked for. One that others disturb is run again, but not for ever."""
    shuffle = random.Random(options.seed)
    rounds, disturbed = [], []
    for number in range(1, 3 * options.rounds + 1):
        order = shuffle.sample(names, len(names))
        runs = {}
        for name in order:
            runs[name] = Run(options, name, answer, responder)
            runs[name].print(number)
        (disturbed if any(run.disturbed() for run in runs.values()) else rounds).append(runs)
        if len(rounds) == options.rounds:
            break
    if 2 * len(rounds) < options.rounds:
        print(f"\n{len(disturbed)} OF {number} ROUNDS WERE DISTURBED, so all count: believe the "
              "ratios per CPU second, at most")
        return rounds + disturbed
    if disturbed:
        print(f"\n{len(disturbed)} of {number} rounds were disturbed and do not count")
    return rounds


def compare(options, answer):
    """All rounds with one answer. Returns how many runs of ours had failures."""
    names = [name for name, (_, _, answers) in GENERATORS.items()
             if answer in answers and name in options.only]
    if not names:
        return 0
    print(f"\n{answer} answer, --close {options.close or CLOSES[answer]}: {ANSWERS[answer]}")
    print(f"{'round':5}  {'generator':18}{'conn/s':>10}{'its share':>11}{'CPU busy':>10}"
          f"{'softirq':>9}{'responder':>11}{'µs CPU/conn':>13}")
    with Responder(options, answer) as responder:
        warm_up = argparse.Namespace(**{**vars(options), "seconds": WARM_UP_S})
        Run(warm_up, REFERENCE, answer, responder)
        rounds = run_rounds(options, answer, names, responder)
    print_medians(rounds, names)
    print_ratios(rounds, names, "connections/s", lambda run: run.rate)
    print_ratios(rounds, names, "connections per CPU second", lambda run: 1 / run.cost_us)
    return sum(bool(run.failures) for runs in rounds for run in runs.values()
               if run.name.startswith(("hello-load", REFERENCE)))


def read_options():
    parser = argparse.ArgumentParser(prog="compare_generators", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    cpus = sorted(os.sched_getaffinity(0))
    parser.add_argument("--rounds", type=int, default=7, help="how often each runs (default 7)")
    parser.add_argument("--seconds", type=int, default=3, help="length of a run (default 3)")
    parser.add_argument("--connections", type=int, default=64, help="in flight (default 64)")
    parser.add_argument("--answer", choices=["plain", "http", "both"], default="both",
                        help="what the responder says (default both)")
    parser.add_argument("--only", metavar="NAME", nargs="+", choices=GENERATORS,
                        default=list(GENERATORS), help=f"of {', '.join(GENERATORS)}")
    parser.add_argument("--close", choices=["swift", "linger"], help="how the responder closes "
                        "(default: swift for the plain answer, linger for HTTP)")
    parser.add_argument("--address", default="127.0.0.1", help="where it listens (default "
                        "127.0.0.1; ::1 for IPv6)")
    parser.add_argument("--generator-cpu", type=int, default=cpus[0], help="default: the first")
    parser.add_argument("--responder-cpu", type=int, default=cpus[-1], help="default: the last")
    parser.add_argument("--seed", type=int, default=1, help="of the order in each round")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"),
                        help="where the programs are")
    options = parser.parse_args()
    if options.generator_cpu == options.responder_cpu:
        fail("generator and responder need a CPU each; give two with --generator-cpu and "
             "--responder-cpu", 2)
    if min(options.rounds, options.seconds, options.connections) < 1:
        fail("--rounds, --seconds and --connections start at 1", 2)
    for program in ("wrk", "hey"):
        if program in options.only and options.answer != "plain" and not shutil.which(program):
            print(f"without {program}: not installed (to have it: apt-get install {program})")
            options.only.remove(program)
    return options


def main():
    options = read_options()
    if IN_NAMESPACE not in os.environ:
        enter_namespace()
    if os.environ[IN_NAMESPACE] == "own":
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print_machine(options)
    failed = sum(compare(options, answer) for answer in ANSWERS
                 if options.answer in (answer, "both"))
    return 3 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
