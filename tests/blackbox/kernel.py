"""What the kernel knows and decides: counters, processes in /proc, settings, refused calls."""
import contextlib
import ctypes
import errno
import os
import platform
import re
import signal
import struct
import subprocess

import pytest

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


# Counters of a network namespace


def _counters_read(pid):
    counters = {}
    for name in ("snmp", "netstat"):
        with open(f"/proc/{pid}/net/{name}", encoding="ascii") as lines:
            for names, values in zip(lines, lines):  # a line of names, then one of values
                prefix, *names = names.split()
                for name, value in zip(names, values.split()[1:]):
                    counters[prefix[:-1] + name] = int(value)
    return counters


class Counters:
    """How far the counters of a process's network namespace, named as in nstat(8), have grown."""

    def __init__(self, pid="self"):
        self.pid = pid
        self.before = _counters_read(pid)

    def __getitem__(self, name):
        return _counters_read(self.pid)[name] - self.before[name]


def listening_ports():
    """The TCP ports on which anybody in this network namespace listens."""
    ports = set()
    for path in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        with open(path, encoding="ascii") as lines:
            for line in lines:
                _, local, _, state, *_ = line.split()
                if state == "0A":
                    ports.add(int(local.rsplit(":", 1)[1], 16))
    return ports


# A process

NOBODY = 65534


def is_root_of_the_machine():
    """Not just of a user namespace, as run.py makes one where it is not root."""
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        return os.geteuid() == 0 and lines.read().split() == ["0", "0", str(2**32 - 1)]


def _status_field(path, field):
    with open(path, encoding="ascii") as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return line.split(":")[1].strip()
    raise KeyError(field)


def threads(pid):
    return sorted(int(task) for task in os.listdir(f"/proc/{pid}/task"))


def command(pid):
    """What a process is called now."""
    with open(f"/proc/{pid}/comm", encoding="utf-8") as name:
        return name.read().strip()


def blocks_signal(pid, signum):
    return bool(int(_status_field(f"/proc/{pid}/status", "SigBlk"), 16) >> (signum - 1) & 1)


@contextlib.contextmanager
def stepped(program, instructions):
    """A process that has run so many instructions of its program, and stops there (ptrace(2)).
    Gives its number; it is killed in the end."""
    def be_traced():
        if _libc.ptrace(_PTRACE_TRACEME, 0, None, None) != 0:
            raise OSError(ctypes.get_errno(), "PTRACE_TRACEME")

    with subprocess.Popen([program], preexec_fn=be_traced, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for left in range(instructions, -1, -1):  # it stops before the first, too
                _, status = os.waitpid(process.pid, 0)
                assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP, status
                if left:
                    assert _libc.ptrace(_PTRACE_SINGLESTEP, process.pid, None, None) == 0
            yield process.pid
        finally:
            process.kill()


def thread_state(pid, thread):
    return _status_field(f"/proc/{pid}/task/{thread}/status", "State")[0]


def thread_cpus(pid, thread):
    return os.sched_getaffinity(thread) if thread in threads(pid) else set()


def threads_are(pid, state):
    """All of its threads are in this state: "S", asleep; "T", stopped."""
    return all(thread_state(pid, thread) == state for thread in threads(pid))


def thread_switches(pid, thread, kinds=("", "non")):
    path = f"/proc/{pid}/task/{thread}/status"
    return sum(int(_status_field(path, kind + "voluntary_ctxt_switches")) for kind in kinds)


def switches(pid):
    """Context switches of each thread: {thread: count}."""
    return {thread: thread_switches(pid, thread) for thread in threads(pid)}


def sleeps(pid):
    """How often its threads went to sleep, together."""
    return sum(thread_switches(pid, thread, kinds=[""]) for thread in threads(pid))


def rss_bytes(pid):
    """Resident memory, counted page by page: VmRSS lags behind by some dozen pages on each CPU."""
    return int(_status_field(f"/proc/{pid}/smaps_rollup", "Rss").split()[0]) << 10


def address_space_bytes(pid):
    return int(_status_field(f"/proc/{pid}/status", "VmSize").split()[0]) << 10


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def waits_for_fifo(pid):
    """A thread of a process opens a FIFO (fifo(7)), and waits for somebody to open its other end."""
    for thread in threads(pid):
        with open(f"/proc/{pid}/task/{thread}/wchan", encoding="ascii") as place:
            if place.read() == "wait_for_partner":
                return True
    return False


def eventfds(pid):
    """The descriptors of a process by which its threads wake each other (eventfd(2))."""
    folder = f"/proc/{pid}/fd"
    return [int(number) for number in os.listdir(folder) if os.readlink(f"{folder}/{number}") == "anon_inode:[eventfd]"]


def waits_of_engines(pid):
    """How many sockets its engines wait to receive from, as they report (proc_pid_fdinfo(5))."""
    count = 0
    for descriptor in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii") as lines:
                count += sum(
                    bool(re.match(r"tfd: .* events: 8000201b |  op=27, ", line))
                    for line in lines)  # EPOLLET, for input; IORING_OP_RECV
    return count


# Settings


def sysctl_read(name):
    with open("/proc/sys/" + name.replace(".", "/"), encoding="ascii") as setting:
        return setting.read().strip()


@contextlib.contextmanager
def sysctl(name, value):
    """A setting of this network namespace, as named in sysctl(8), changed for a while. Others belong to the whole
    machine, which is not ours to change: see sysctl_shown."""
    assert name.startswith("net."), f"{name} is a setting of the whole machine"
    path = "/proc/sys/" + name.replace(".", "/")
    try:
        before = sysctl_read(name)
        setting = open(path, "w", encoding="ascii")
    except OSError as error:
        pytest.skip(f"cannot change {name}: {error.strerror}")
    try:
        with setting:
            setting.write(str(value))
        yield
    finally:
        with open(path, "w", encoding="ascii") as setting:
            setting.write(before)


def sysctl_shown(name, value, directory):
    """A preexec_fn after which a setting reads as this value, for one program: a file of `directory` lies over it.
    It is not changed."""
    path = "/proc/sys/" + name.replace(".", "/")
    if not os.path.exists(path):
        pytest.skip(f"this kernel has no {name}")
    trial = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        pytest.skip(f"no private mounts: {trial.stderr.strip()}")
    file = directory / name
    file.write_text(f"{value}\n", encoding="ascii")

    def show():
        mounts_of_its_own()
        bind(file, path)

    return show


# Mounts that nothing else sees (mount_namespaces(7)), from within a preexec_fn

_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


def _mounted(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "mount namespace")


def mounts_of_its_own():
    """Mounts from now on are those of this process and its children."""
    _mounted(_libc.unshare(_CLONE_NEWNS))
    _mounted(_libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))


def bind(source, target):
    """Lay a file or a directory over another."""
    _mounted(_libc.mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND, None))


def lay_nothing_over(directory):
    _mounted(_libc.mount(b"none", os.fsencode(directory), b"tmpfs", 0, None))


# System calls that are refused, as container profiles do it (seccomp(2))

SYSCALLS = {
    "io_uring_setup": {"x86_64": 425, "aarch64": 425},
    "io_uring_enter": {"x86_64": 426, "aarch64": 426},
    "io_uring_register": {"x86_64": 427, "aarch64": 427},
    "socket": {"x86_64": 41, "aarch64": 198},
    "clone3": {"x86_64": 435, "aarch64": 435},
    "signalfd": {"x86_64": 289, "aarch64": 74},
    "eventfd": {"x86_64": 290, "aarch64": 19},
    "epoll_create1": {"x86_64": 291, "aarch64": 20},
    "epoll_pwait2": {"x86_64": 441, "aarch64": 441},
    "epoll_ctl": {"x86_64": 233, "aarch64": 21},
    "epoll_wait": {"x86_64": 232},  # elsewhere there is epoll_pwait instead
    "accept4": {"x86_64": 288, "aarch64": 242},
    "connect": {"x86_64": 42, "aarch64": 203},
    "socketpair": {"x86_64": 53, "aarch64": 199},
    "send": {"x86_64": 44, "aarch64": 206},  # glibc: sendto
    "recv": {"x86_64": 45, "aarch64": 207},  # glibc: recvfrom
    "shutdown": {"x86_64": 48, "aarch64": 210},
    "ioctl": {"x86_64": 16, "aarch64": 29},
    "setsockopt": {"x86_64": 54, "aarch64": 208},
    "getsockopt": {"x86_64": 55, "aarch64": 209},
    "rt_sigtimedwait": {"x86_64": 128, "aarch64": 137},
}

_PTRACE_TRACEME, _PTRACE_SINGLESTEP = 0, 9
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_RET_ALLOW, _RET_ERRNO = 0x7FFF0000, 0x00050000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_OFFSET_NUMBER, _OFFSET_FIRST_ARGUMENT = 0, 16  # struct seccomp_data


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def refusal(syscall, error, first_argument=None):
    """A preexec_fn after which `syscall`, if called with `first_argument`, fails with `error`."""
    number = SYSCALLS[syscall].get(platform.machine())
    if number is None:
        pytest.skip(f"no number known for {syscall} on {platform.machine()}")
    checks = [(_OFFSET_NUMBER, number)]
    if first_argument is not None:
        checks.append((_OFFSET_FIRST_ARGUMENT, first_argument))
    code = []
    for position, (offset, value) in enumerate(checks):
        to_allow = 2 * (len(checks) - position) - 1  # instructions to skip if it is not this call
        code += [(_LOAD, 0, 0, offset), (_JUMP_IF_EQUAL, 0, to_allow, value)]
    code += [(_RETURN, 0, 0, _RET_ERRNO | error), (_RETURN, 0, 0, _RET_ALLOW)]
    packed = b"".join(struct.pack("HBBI", *instruction) for instruction in code)
    program = _Program(len(code), packed)

    def refuse():
        if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
        if _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")

    return refuse


def io_uring_error():
    """Why this machine refuses io_uring, or None if it works."""
    parameters = ctypes.create_string_buffer(120)
    ring = _libc.syscall(SYSCALLS["io_uring_setup"]["x86_64"], 4, parameters)
    if ring < 0:
        return f"io_uring_setup: {errno.errorcode[ctypes.get_errno()]}"
    os.close(ring)
    return None
