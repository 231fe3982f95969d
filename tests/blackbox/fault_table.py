"""What becomes of clients and of the programs when a call fails while they run: one row for each call.

The names are those of the kernel, or of operations in a ring of io_uring ("uring:recv"). The errnos are those that
the manual pages document, that limits and shortages cause (EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, EAGAIN), that
sandboxes return (EPERM) and that peers cause. EINTR fails one call: signals interrupt one at a time."""
import dataclasses
import errno as e
import os
import re

import syscalls

ONE, ALL = 1, -1  # the next call, or every call from then on
EPOLL, URING = ("epoll",), ("uring",)
BOTH = EPOLL + URING
CLOSES = ("linger", "swift")
MEMORY = (e.ENOMEM, e.ENOBUFS)

# Lines, as regular expressions; {error} is what strerror(3) calls the error.
HELD_UP = r"connections are delayed: {call}: {error}; .+"
FAIL = r"connections fail: {call}: {error}; .+"
NO_ACCEPT = r"cannot accept, clients wait in the accept queue: {call}: {error}; .+"
NO_CLOSE = r"sockets cannot be closed: close: {error}; .+"
RENEWED = r"worker 0: engine {engine} broke: {call}: {error} \(\w+\); it continues with a fresh engine {engine}, and keeps .+"
LOST = (r"worker 0: engine {engine} broke: {call}: {error} \(\w+\); no engine starts to replace it \(.+\), so it ends after "
        r"it has served the clients that wait, and no other worker is left; .+",
        r"no worker is left, the last was worker 0: engine {engine} broke: {call}: {error} \(\w+\); start it again")
UNFILTERED = r"warning: cannot block new connections \(SO_ATTACH_FILTER: {error}\): .+"
NO_HANDSHAKES = r"warning: the kernel does not report handshakes in progress \(sock_diag: {error}\): .+"
BROKE = (r"worker 0: engine {engine} broke: {call}: {error} \(\w+\); all workers stop; .+",
         r"worker 0: engine {engine} broke: {call}: {error} \(\w+\); start it again")
UNWOKEN = r"ended by SIGTERM: a thread cannot be woken"
HLOG = r"--hlog '.+': cannot write: {error}; .+; the file is not complete"
UNWRITTEN = r"cannot write the report: {error}; .+"
# Such lines may follow, once what they are about is over.
OVER = (r"connections end well again", r"accepting works again", r"nobody waits for want of (memory|descriptors) any more")


@dataclasses.dataclass(frozen=True)
class Row:
    """A call that fails, and what comes of it."""
    call: str
    errors: tuple
    calls: int = ONE
    engines: tuple = BOTH
    lines: tuple = ()  # those on standard error, all of them
    code: int = 0  # with which the program ends
    after: int = 0  # calls that are made before
    where: tuple = ()  # only calls with these arguments: (position, value)
    may_hit: bool = False  # whether the call is made depends on the time
    may_tell: bool = False  # whether there are these lines, too
    named: str = ""  # what the program calls it, if not by its name
    also: tuple = ()  # calls that fail with it

    def name(self):
        often = "once" if self.calls == ONE else "always"
        where = "".join(f",{at}={value}" for at, value in self.where)
        options = "".join(getattr(self, "options", ()))
        call = "+".join((self.call, *self.also))
        return f"{call}{where}{options}-{often}" + ("-long" if getattr(self, "long", False) else "") + (f"-after-{self.after}" if self.after else "")

    def texts(self, error, engine):
        """The regular expressions of the lines."""
        call = self.named or self.call.removeprefix("uring:")
        return [line.format(call=call, error=re.escape(os.strerror(error)), engine=engine) for line in self.lines]


@dataclasses.dataclass(frozen=True)
class Serving(Row):
    """hello-server, while clients come. Each gets the greeting and EOF, and counts as greeted, except those
    whose call failed: they count as `ends`, and get one of `gets`."""
    closes: tuple = CLOSES
    ends: str = "greeted"
    gets: tuple = ("greeted",)
    clients: int = 5
    waits: bool = False  # until the fault is over
    long: bool = False  # the greeting is longer than what a socket takes at once
    holds: bool = False  # they do not close before the server does
    leaves: bool = False  # they have time to close before they are waited for


@dataclasses.dataclass(frozen=True)
class Stopping(Row):
    """hello-server, while it stops: the same, for clients who already wait."""
    ends: str = "greeted"
    gets: tuple = ("greeted",)
    silent: bool = False  # not even the totals can be written
    until_over: bool = False  # it does not stop before the fault is over


@dataclasses.dataclass(frozen=True)
class Generating(Row):
    """hello-load, during a run of 40 connections: so they fail, by phase and kind; the others end well."""
    loops: tuple = ("closed",)
    options: tuple = ()
    fails: tuple = ()
    ends: bool = True  # with a result
    may_fail: bool = False  # the exit code may also be 1


ON_TIME_OR_NOT = ("--assert", "errors==0")  # starts of a busy machine may be late

SERVING = [
    # Accepting
    Serving("accept4", (e.EMFILE, e.ENFILE, *MEMORY, e.EPERM, e.EIO), ONE, EPOLL, (NO_ACCEPT,)),
    Serving("accept4", (e.EMFILE, e.ENFILE, *MEMORY, e.EPERM, e.EIO), ALL, EPOLL, (NO_ACCEPT,), waits=True),
    Serving("accept4", (e.ECONNABORTED, e.EPROTO, e.ENETDOWN, e.EHOSTUNREACH, e.EAGAIN, e.EINTR), ONE, EPOLL),
    Serving("uring:accept", (e.EMFILE, e.ENFILE, *MEMORY, e.EPERM, e.EIO), ONE, URING, (NO_ACCEPT,), clients=40,
            may_tell=True),
    Serving("uring:accept", (e.EMFILE, e.ENFILE, *MEMORY, e.EPERM, e.EIO), ALL, URING, (NO_ACCEPT,), clients=40,
            waits=True),
    Serving("uring:accept", (e.ECONNABORTED, e.EPROTO, e.EAGAIN, e.EINTR), ONE, URING, clients=40),
    Serving("getsockopt", (e.EPERM, e.ENOPROTOOPT), ALL, EPOLL),
    # Greeting
    Serving("sendto", (e.EPERM, e.EIO), ONE, BOTH, (FAIL,), ends="failed", gets=("",), named="send"),
    Serving("sendto", (e.EPERM, e.EIO), ALL, BOTH, (FAIL,), ends="failed", gets=("",), named="send"),
    Serving("sendto", (*MEMORY,), ONE, BOTH, (HELD_UP,), named="send"),
    Serving("sendto", (*MEMORY,), ALL, EPOLL, (HELD_UP,), named="send", waits=True),
    Serving("sendto", (*MEMORY,), ALL, URING, (HELD_UP,), named="send"),  # the ring sends, without a call
    Serving("sendto", (e.EAGAIN, e.EINTR), ONE),
    Serving("sendto", (e.ECONNRESET, e.EPIPE, e.ETIMEDOUT), ONE, ends="reset", gets=("",)),
    # A greeting that does not fit at once; a part of it must not look like the whole
    Serving("uring:send", (*MEMORY, e.EAGAIN), ONE, URING, (HELD_UP,), long=True),
    Serving("uring:send", (e.EINTR,), ONE, URING, long=True),
    Serving("uring:send", (e.EPERM, e.EIO), ONE, URING, (FAIL,), ends="failed", gets=("ECONNRESET",), long=True),
    Serving("uring:send", (e.ECONNRESET, e.EPIPE), ONE, URING, ends="reset", gets=("part",), long=True),
    Serving("epoll_ctl", (e.ENOMEM, e.ENOSPC), ONE, EPOLL, (HELD_UP,), long=True),
    Serving("epoll_ctl", (e.EPERM,), ONE, EPOLL, (FAIL,), ends="failed", gets=("ECONNRESET",), long=True),
    Serving("shutdown", (e.EPERM,), ONE, BOTH, (FAIL,), closes=("linger",), ends="failed"),
    Serving("shutdown", (e.EPERM,), ALL, BOTH, (FAIL,), closes=("linger",), ends="failed"),
    Serving("shutdown", (e.ENOTCONN,), ONE, BOTH, closes=("linger",), ends="reset"),
    Serving("shutdown", (e.ENOBUFS,), ONE, BOTH, (HELD_UP,), closes=("linger",)),
    # Waiting for the client to close
    Serving("recvfrom", (e.EPERM, e.EIO), ONE, BOTH, (FAIL,), closes=("linger",), ends="failed", leaves=True,
            named="recv"),
    Serving("recvfrom", (e.EPERM, e.EIO), ALL, BOTH, (FAIL,), closes=("linger",), ends="failed", leaves=True,
            named="recv"),
    Serving("recvfrom", (e.ECONNRESET, e.ETIMEDOUT), ALL, BOTH, closes=("linger",), ends="reset", leaves=True),
    Serving("recvfrom", (e.EAGAIN, e.EINTR), ONE, BOTH, leaves=True),
    Serving("recvfrom", (e.EPERM, e.ENOMEM), ALL, BOTH, closes=("swift",)),
    Serving("uring:recv", (e.EPERM, e.EIO), ONE, URING, (FAIL,), closes=("linger",), ends="failed"),
    Serving("uring:recv", (e.EPERM, e.EIO), ALL, URING, (FAIL,), closes=("linger",), ends="failed"),
    Serving("uring:recv", (e.ENOMEM, e.ENOBUFS, e.EAGAIN), ONE, URING, (HELD_UP,), closes=("linger",)),
    Serving("uring:recv", (e.ECONNRESET, e.ETIMEDOUT), ALL, URING, closes=("linger",), ends="reset"),
    Serving("uring:recv", (e.EINTR,), ONE, URING, closes=("linger",)),
    Serving("epoll_ctl", (e.EPERM,), ONE, EPOLL, (FAIL,), closes=("linger",), ends="failed"),
    Serving("epoll_ctl", (e.EPERM,), ALL, EPOLL, (FAIL,), closes=("linger",), ends="failed"),
    Serving("epoll_ctl", (e.ENOMEM, e.ENOSPC), ONE, EPOLL, (HELD_UP,), closes=("linger",)),
    Serving("ioctl", (e.EPERM, e.EINVAL), ALL, BOTH, closes=("linger",), ends="expired", holds=True),
    # Closing: what is refused leaves a descriptor behind. After EINTR there is none (close(2)), which cannot be staged.
    Serving("close", (e.EIO,), ONE, EPOLL, (NO_CLOSE,), closes=("linger",)),
    Serving("close", (e.EPERM,), ALL, EPOLL, (NO_CLOSE,), closes=("linger",)),
    Serving("uring:close", (e.EPERM, e.EIO), ONE, URING, (NO_CLOSE,), closes=("linger",)),
    Serving("uring:close", (e.EPERM, e.EIO), ALL, URING, (NO_CLOSE,), closes=("linger",)),
    # Waiting for events
    Serving("epoll_wait", (e.EINTR,), ONE, EPOLL, closes=("swift",)),
    Serving("epoll_wait", (e.EPERM, e.EBADF), ONE, EPOLL, (RENEWED,), closes=("swift",)),
    Serving("epoll_wait", (e.EPERM, e.EBADF), ALL, EPOLL, LOST, 1, closes=("swift",)),
    Serving("epoll_pwait2", (e.EINTR,), ONE, EPOLL, closes=("linger",)),
    Serving("epoll_pwait2", (e.ENOSYS, e.EPERM), ALL, EPOLL, closes=("linger",)),
    Serving("epoll_pwait2", (e.EBADF,), ALL, EPOLL, (RENEWED,), closes=("linger",)),
    Serving("io_uring_enter", (e.EINTR, e.EAGAIN, e.ENOMEM, e.EBUSY), ONE, URING),
    Serving("io_uring_enter", (e.EPERM, e.EBADF, e.EBADR), ONE, URING, (RENEWED,), may_tell=True),
    Serving("io_uring_enter", (e.EPERM, e.EBADF, e.EBADR), ALL, URING, LOST, 1),
    # What lasts for 2 s does not pass: where no other engine starts, those who wait are greeted all the same.
    Serving("io_uring_enter", (e.EAGAIN, e.ENOMEM, e.EBUSY), ALL, URING, LOST, 1),
]

NETLINK = ((3, 0),)  # the flags of send(2), which are others where it greets
STDOUT, STDERR = ((0, 1),), ((0, 2),)
WAKE_UPS = tuple(syscalls.WAKE_UPS.items())

STOPPING = [
    # Signals, and the thread that waits for the workers
    Stopping("rt_sigtimedwait", (e.EINTR, e.EPERM), ONE),
    Stopping("rt_sigtimedwait", (e.EPERM,), ALL, until_over=True),
    Stopping("ppoll", (e.EINTR, e.ENOMEM, e.EINVAL, e.EPERM), ONE),
    Stopping("ppoll", (e.ENOMEM, e.EINVAL, e.EPERM), ALL),
    Stopping("ppoll", (e.ENOMEM, e.EINVAL, e.EPERM), ALL, also=("pselect6",)),
    Stopping("read", (e.EAGAIN, e.EINTR, e.EPERM), ONE),
    Stopping("read", (e.EPERM,), ALL),
    Stopping("uring:read", (e.EPERM,), ONE, URING, after=0),
    Stopping("uring:read", (e.EPERM,), ALL, URING),
    *(Stopping("write", (e.EPERM, e.EAGAIN), ONE, after=after) for after in range(4)),
    Stopping("write", (e.EPERM,), ALL, code=1, silent=True),
    # Nobody can be woken; only the thread that waits for the workers cannot, and looks by itself
    Stopping("write", (e.EPERM,), ALL, BOTH, (UNWOKEN,), 1, where=WAKE_UPS, silent=True),
    Stopping("write", (e.EPERM,), ALL, after=3, where=WAKE_UPS),
    Stopping("write", (e.EPERM, e.EIO), ALL, where=STDOUT, silent=True),
    Stopping("tgkill", (e.EPERM,), ALL),
    # The listener
    Stopping("setsockopt", (e.EPERM, e.ENOMEM), ALL, BOTH, (UNFILTERED, NO_HANDSHAKES)),
    Stopping("socket", (e.EPERM, e.EMFILE, e.ENFILE, e.ENOMEM), ONE, BOTH, (NO_HANDSHAKES,)),
    Stopping("socket", (e.EPERM, e.EMFILE, e.ENFILE, e.ENOMEM), ALL, BOTH, (NO_HANDSHAKES,)),
    Stopping("sendto", (e.EPERM, e.ENOMEM), ALL, BOTH, (NO_HANDSHAKES,), where=NETLINK),
    Stopping("recvfrom", (e.EPERM, e.ENOMEM), ALL, BOTH, (NO_HANDSHAKES,), where=NETLINK),
    Stopping("uring:accept", (e.EPERM, e.ENOMEM), ONE, URING, may_tell=True, may_hit=True),
    Stopping("uring:cancel", (e.EPERM, e.ENOENT, e.EALREADY), ONE, URING),
    # The connections
    Stopping("shutdown", (e.EPERM,), ONE, BOTH, (FAIL,), ends="failed"),
    Stopping("sendto", (e.EPERM,), ONE, BOTH, (FAIL,), ends="failed", gets=("",), named="send"),
    Stopping("uring:recv", (e.EPERM,), ALL, URING, (FAIL,), ends="failed"),
    Stopping("epoll_ctl", (e.EPERM,), ONE, EPOLL, (FAIL,), ends="failed"),
    # The engines
    Stopping("epoll_wait", (e.EINTR,), ONE, EPOLL),
    Stopping("epoll_pwait2", (e.EPERM,), ALL, EPOLL),
    Stopping("epoll_wait", (e.EPERM,), ALL, EPOLL, LOST, 1),
    Stopping("io_uring_enter", (e.EINTR, e.EAGAIN, e.EPERM), ONE, URING, (RENEWED,), may_tell=True),
    Stopping("io_uring_enter", (e.EPERM, e.EAGAIN, e.ENOMEM), ALL, URING, LOST, 1),
    Stopping("io_uring_register", (e.EPERM,), ALL, URING),
    # What the ends of threads and of the program need
    Stopping("close", (e.EPERM,), ALL, BOTH, (NO_CLOSE,), may_tell=True),
    Stopping("openat", (e.EPERM, e.EMFILE), ALL),
    Stopping("newfstatat", (e.EPERM,), ALL),
    Stopping("clock_gettime", (e.EPERM,), ALL),
    Stopping("munmap", (e.EPERM,), ALL),
    Stopping("madvise", (e.EPERM,), ALL),
    Stopping("rt_sigprocmask", (e.EPERM,), ALL),
]

CONNECT = {
    "connect.unreachable": (e.EPERM, e.ENETUNREACH, e.EHOSTUNREACH),
    "connect.no_port": (e.EADDRNOTAVAIL, e.EAGAIN),
    "connect.refused": (e.ECONNREFUSED,),
    "connect.connect_timeout": (e.ETIMEDOUT,),
    "connect.other": (e.ENOMEM, e.EINTR),
}
OPEN_LOOP, STOPPED = ("open",), ("stopped",)
RUN = ("greeting.{0}", "close.{0}", "connect.{0}")


SEND = ("--send", "words")
SOURCE = ("--source", "127.0.0.1")


def in_any_phase(kind):
    return tuple(phase.format(kind) for phase in RUN)


GENERATING = [
    # Sockets
    Generating("socket", (e.EMFILE, e.ENFILE), ONE, code=3, after=5, loops=OPEN_LOOP, fails=("connect.no_descriptor",)),
    Generating("socket", (e.EMFILE, e.ENFILE), ALL, code=3, after=5, loops=OPEN_LOOP, fails=("connect.no_descriptor",)),
    Generating("socket", (*MEMORY,), ONE, code=3, after=5, loops=OPEN_LOOP, fails=("connect.other",)),
    Generating("socket", (e.EPERM,), ONE, code=3, after=5, loops=OPEN_LOOP, fails=("connect.unreachable",)),
    Generating("shutdown", (e.EPERM, e.ENOTCONN), ALL),  # sockets are not used again
    Generating("getsockopt", (e.EPERM,), ALL),
    Generating("getsockname", (e.EPERM,), ALL),
    Generating("getpeername", (e.EPERM,), ALL),
    Generating("connect", (e.EPERM,), ALL, URING),  # it makes them like new
    # Connections
    *(Generating("connect", errors, calls, EPOLL, code=3, after=6, fails=(kind,), loops=OPEN_LOOP)
      for kind, errors in CONNECT.items() for calls in (ONE, ALL) if errors != CONNECT["connect.other"]),
    *(Generating("uring:connect", errors, calls, URING, code=3, after=6, fails=(kind,))
      for kind, errors in CONNECT.items() for calls in (ONE, ALL)),
    Generating("connect", (e.ENOMEM,), ALL, EPOLL, code=3, after=6, fails=("connect.other",), loops=OPEN_LOOP),
    Generating("recvfrom", (e.ECONNRESET,), ALL, EPOLL, code=3, after=6, fails=in_any_phase("reset")),
    Generating("recvfrom", (e.ENOMEM, e.EIO), ONE, EPOLL, code=3, after=6, fails=in_any_phase("other")),
    Generating("recvfrom", (e.EPERM,), ALL, EPOLL, code=3, after=6, fails=in_any_phase("unreachable")),
    Generating("recvfrom", (e.EINTR,), ONE, EPOLL, after=6),
    Generating("uring:recv", (e.ECONNRESET,), ALL, URING, code=3, after=6, fails=in_any_phase("reset")),
    Generating("uring:recv", (e.ENOMEM, e.EAGAIN, e.EINTR), ONE, URING, code=3, after=6, fails=in_any_phase("other")),
    Generating("uring:recv", (e.EPERM,), ALL, URING, code=3, after=6, fails=in_any_phase("unreachable")),
    Generating("epoll_ctl", (e.ENOMEM, e.ENOSPC), ONE, EPOLL, code=3, after=6, loops=OPEN_LOOP, fails=in_any_phase("other")),
    Generating("epoll_ctl", (e.EPERM,), ALL, EPOLL, code=3, after=6, loops=OPEN_LOOP, fails=in_any_phase("unreachable")),
    Generating("bind", (e.EADDRNOTAVAIL,), ONE, code=3, after=5, options=SOURCE, fails=("connect.no_address",)),
    Generating("bind", (e.EADDRINUSE,), ONE, code=3, after=5, options=SOURCE, fails=("connect.no_port",)),
    Generating("setsockopt", (e.EPERM,), ALL, options=("--close", "rst")),  # so they end with a FIN
    Generating("setsockopt", (e.EPERM,), ALL, code=3, options=SOURCE, fails=in_any_phase("unreachable")),
    Generating("sendto", (e.ECONNRESET,), ONE, EPOLL, code=3, after=5, options=SEND, fails=in_any_phase("reset")),
    Generating("sendto", (e.EPIPE,), ONE, EPOLL, after=5, options=SEND),  # what was received before counts
    Generating("sendto", (e.EPERM,), ALL, EPOLL, code=3, after=5, options=SEND, fails=in_any_phase("unreachable")),
    Generating("sendto", (e.EINTR,), ONE, EPOLL, after=5, options=SEND),
    Generating("uring:send", (e.EPERM,), ALL, URING, code=3, after=5, options=SEND, fails=in_any_phase("unreachable")),
    Generating("close", (e.EPERM, e.EIO, e.EINTR), ONE, loops=OPEN_LOOP),
    Generating("close", (e.EPERM,), ALL, BOTH, (HLOG,), 1),
    # Waiting for events
    Generating("epoll_pwait2", (e.EINTR,), ONE, EPOLL),
    Generating("epoll_pwait2", (e.ENOSYS, e.EPERM), ALL, EPOLL),
    Generating("epoll_pwait2", (e.EBADF,), ONE, EPOLL, BROKE, 1, ends=False),
    Generating("epoll_wait", (e.EINTR,), ONE, EPOLL, loops=OPEN_LOOP, may_hit=True),
    Generating("io_uring_enter", (e.EINTR, e.EAGAIN, e.ENOMEM, e.EBUSY), ONE, URING, after=3),
    Generating("io_uring_enter", (e.EPERM, e.EBADF), ALL, URING, BROKE, 1, after=3, ends=False),
    Generating("io_uring_enter", (e.EAGAIN, e.ENOMEM, e.EBUSY), ALL, URING, BROKE, 1, after=3, ends=False),
    # The thread that waits for the workers, and records
    Generating("ppoll", (e.EINTR, e.ENOMEM, e.EINVAL, e.EPERM), ONE, loops=("slow",), options=ON_TIME_OR_NOT),
    Generating("ppoll", (e.ENOMEM, e.EINVAL, e.EPERM), ALL, loops=("slow",), options=ON_TIME_OR_NOT),
    Generating("ppoll", (e.ENOMEM, e.EINVAL, e.EPERM), ALL, loops=("slow",), options=ON_TIME_OR_NOT,
               also=("pselect6",)),
    Generating("read", (e.EAGAIN, e.EINTR, e.EPERM), ONE),
    Generating("read", (e.EPERM,), ALL),
    Generating("write", (e.EPERM, e.EAGAIN, e.ENOSPC), ONE, may_tell=True, lines=(HLOG,), may_fail=True),
    Generating("write", (e.EPERM,), ALL, where=WAKE_UPS),
    Generating("write", (e.EPERM, e.ENOSPC), ALL, where=STDOUT, lines=(UNWRITTEN,), code=1, ends=False),
    Generating("prctl", (e.EPERM,), ALL),
    Generating("openat", (e.EPERM, e.EMFILE), ALL),
    Generating("pread64", (e.EPERM, e.EIO), ALL),
    Generating("newfstatat", (e.EPERM,), ALL),
    Generating("ioctl", (e.EPERM,), ALL),
    Generating("clock_gettime", (e.EPERM,), ALL),
    Generating("lseek", (e.EPERM,), ALL, may_hit=True),
    Generating("mmap", (e.ENOMEM,), ONE, may_hit=True),
    Generating("munmap", (e.EPERM,), ALL),
    Generating("madvise", (e.EPERM,), ALL),
    Generating("rt_sigprocmask", (e.EPERM,), ALL),
    Generating("io_uring_register", (e.EPERM,), ALL, URING),
    Generating("uring:read", (e.EPERM,), ONE, URING),
    Generating("uring:read", (e.EPERM,), ALL, URING),
    Generating("uring:cancel", (e.EPERM, e.ENOENT), ONE, URING, loops=STOPPED, may_hit=True),
    Generating("rt_sigtimedwait", (e.EPERM, e.EINTR), ONE, loops=STOPPED),
    Generating("tgkill", (e.EPERM,), ALL),
]


# What has no row, since it cannot fail, or no program could go on.
NEVER_FAIL = {
    "exit": "it does not return",
    "exit_group": "it does not return",
    "rt_sigreturn": "it does not return",
    "restart_syscall": "it is the kernel's, after a stop",
    "uring:accept": "hello-load makes one, before it begins",
    "getpid": "it has no error",
    "gettid": "it has no error",
    "futex": "the C library ends the program",
    "brk": "the kernel returns the old end instead of an error; then the C library maps memory",
}


def rows_of(program):
    """The calls of hello-server, or of hello-load, that have a row."""
    tables = (SERVING, STOPPING) if program == "hello-server" else (GENERATING,)
    return {call for table in tables for row in table for call in (row.call, *row.also)}


def ids(table):
    """A name for each row of a table, all different."""
    names = [row.name() for row in table]
    return [f"{name}-{'-'.join(errno_name(error) for error in row.errors)}" for name, row in zip(names, table)]


def errno_name(error):
    return e.errorcode[error]
