"""What a connection costs as the load, the greeting, and what is open and running grow. All on one
CPU without a quota, the generator on another: the cost is what the responder's cgroup was charged."""
import contextlib
import multiprocessing
import resource
import socket

import tables
from field import Field
from meter import Load
from responders import Responder, hello_server, named
from rounds import Rounds
from scenarios import BASELINE, measures

RATES = (1000, 2000, 5000, 10000, 20000)
GREETINGS_BYTES = (6, 1 << 10, 16 << 10, 64 << 10)
OPEN = (10, 100, 1000, 10000, 100000)
OPEN_RATE = 2000
DESCRIPTORS_KEPT = 4500  # for the connections that are measured, and for the programs themselves


def cost_of(run):
    return run.cpu_us


def median_costs(options, document, title, field, load, afresh=True):
    rounds = Rounds(options.rounds, options.seed)
    failed = rounds.run(measures(field, load, afresh), options.progress(title))
    document.remark_missing({**field.missing, **failed}, f"{title}: ")
    document.warn(rounds.unlike())
    return {name: (rounds.median(name, cost_of), rounds.median(name, lambda run: run.connections_per_s),
                   rounds.median(name, lambda run: run.p99_ms)) for name in rounds.runs}


def add(document, title, x, steps, logarithmic=True):
    """steps: (x, {name: (µs, connections/s, p99 ms)}) for each step of the curve."""
    names = list(dict.fromkeys(name for _, costs in steps for name in costs))
    table = tables.Table(title, [x] + [f"{name}: CPU µs" for name in names] +
                         [f"{name}: p99 ms" for name in names])
    for value, costs in steps:
        table.rows.append([value] + [costs[name][0] if name in costs else None for name in names] +
                          [costs[name][2] if name in costs else None for name in names])
    document.tables.append(table)
    document.curves.append(tables.Curve(title, x, "CPU µs per connection", {
        name: [(value, costs[name][0]) for value, costs in steps if name in costs]
        for name in names}, logarithmic))


def by_load(options, document):
    title = "As load grows"
    steps = []
    with Field(options, options.choose(named("uring, swift", "uring, linger", "epoll, linger",
                                             BASELINE))) as field:
        for rate in RATES:
            load = Load(options.seconds, options.warmup_s, rate=rate)
            steps.append((rate, median_costs(options, document, title, field, load)))
        load = Load(options.seconds, options.warmup_s, 256)
        full = median_costs(options, document, title, field, load)
    add(document, title, "connections/s", steps)
    table = tables.Table("At saturation of one of the two CPUs", ["responder", "connections/s",
                                                                  "CPU µs each"])
    table.rows = [[name, round(rate), cost] for name, (cost, rate, _) in full.items()]
    document.tables.append(table)


def by_greeting(options, document):
    title = "As the greeting grows"
    steps = []
    for size in GREETINGS_BYTES:
        greeting = b"g" * (size - 1) + b"\n"
        with Field(options, options.choose(named("uring, swift", "uring, linger", "epoll, linger")),
                   greeting=greeting) as field:
            load = Load(options.seconds, options.warmup_s, 64)
            steps.append((size, median_costs(options, document, title, field, load)))
    add(document, title, "greeting, bytes", steps)


def hold(address, count, pipe):
    clients = []
    try:
        for _ in range(count):
            clients.append(socket.create_connection(address, timeout=10))
            clients[-1].recv(64)
    except OSError as error:
        pipe.send(f"client {len(clients):,} of {count:,}: {error}")
    pipe.send(None)
    pipe.recv()


@contextlib.contextmanager
def holding(address, count):
    """So many clients that are greeted, and do not close: in a process that has descriptors left."""
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.Process(target=hold, args=(address, count, theirs), daemon=True)
    holder.start()
    try:
        error = ours.recv()
        if error:
            raise OSError(error)
        yield
    finally:
        ours.send(None)
        holder.join()


def by_open(options, document):
    title = "As open connections grow"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = hard - DESCRIPTORS_KEPT
    holders = [Responder(f"{engine}, linger", hello_server(engine, "linger", "--linger-timeout", "1h"))
               for engine in ("uring", "epoll")]
    steps = []
    for count in OPEN:
        if count > room:
            document.remark(f"{count:,} open connections need {count + DESCRIPTORS_KEPT:,} "
                            f"descriptors in one process; here the hard limit is {hard:,}")
            continue
        with Field(options, options.choose(holders)) as field, contextlib.ExitStack() as held:
            for one in field:
                held.enter_context(holding(one.address, count))
            load = Load(options.seconds, options.warmup_s, rate=OPEN_RATE)
            steps.append((count, median_costs(options, document, title, field, load, afresh=False)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    add(document, f"{title}, at {OPEN_RATE:,} connections/s", "open", steps)


def by_workers(options, document):
    title = "As workers grow, the generator on the same CPUs"
    wide = options.on_all_cpus()
    if wide is None:
        document.remark("one CPU: no curve of workers")
        return
    steps = []
    for workers in range(1, len(wide.responder_cpus) + 1):
        with Field(wide, options.choose(named("uring, swift", "uring, linger", "epoll, linger",
                                              BASELINE)), workers=workers) as field:
            load = Load(options.seconds, options.warmup_s, 256, threads=len(wide.generator_cpus))
            steps.append((workers, median_costs(wide, document, title, field, load)))
    add(document, title, "workers", steps, logarithmic=False)


def curves(options, document):
    """The cost of a connection as load, greeting, open connections and workers grow."""
    by_load(options, document)
    by_open(options, document)
    by_greeting(options, document)
    by_workers(options, document)
