"""Every system call of a program: seen, and made to fail at will, while it runs (seccomp_unotify(2)).

The kernel asks before each call of the chosen names, also for those that a library makes to itself, in any
thread: a call is made as it is, or fails with an errno and does nothing. Operations in a ring of io_uring are
no system calls: fault_uring.c makes those fail."""
import collections
import ctypes
import errno
import fcntl
import functools
import mmap
import os
import platform
import re
import select
import struct
import subprocess
import threading
import time

import pytest

ALL = -1  # calls, from the n-th on
WAKE_UPS = {2: 8}  # the arguments of write(2) to an eventfd: 8 bytes, which no line has

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_RET_ALLOW, _RET_USER_NOTIF = 0x7FFF0000, 0x7FC00000
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NOTIF = struct.Struct("QIIiIQ6Q")  # struct seccomp_notif: id, thread, flags, then struct seccomp_data
_ANSWER = struct.Struct("QqiI")  # struct seccomp_notif_resp: id, value, error, flags
_CONTINUE = 1
_RECV, _SEND = 0xC0502100, 0xC0182101  # ioctls, with the sizes of both
_PIDFD_GETFD = 438
_STEP_MS = 20
_TAKEN, _TAKE_S = 8, 10  # where the parent says that it has the descriptor


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


@functools.cache
def numbers():
    """{name: number} of all system calls of this machine, as its compiler knows them."""
    text = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"],
                          capture_output=True, text=True, check=True).stdout
    values = dict(re.findall(r"^#define (__NR\w+) (\w+)$", text, re.MULTILINE))
    found = {}
    for name, value in values.items():
        value = values.get(value, value)  # one name for another: __NR_fcntl is __NR3264_fcntl
        if name.startswith("__NR_") and value.isdigit():
            found[name.removeprefix("__NR_")] = int(value)
    return found


def _filter(names):
    """A program of the kernel's packet filter that asks about these calls; None: about every call."""
    code = [(_LOAD, 0, 0, 0)]
    if names is None:
        code.append((_RETURN, 0, 0, _RET_USER_NOTIF))
    for name in names or ():
        code += [(_JUMP_IF_EQUAL, 0, 1, numbers()[name]), (_RETURN, 0, 0, _RET_USER_NOTIF)]
    code.append((_RETURN, 0, 0, _RET_ALLOW))
    return _Program(len(code), b"".join(struct.pack("HBBI", *instruction) for instruction in code))


class Fault:
    """So many calls of a name, or of the names `also`, fail with an errno, after the first `after` ones; only those
    with these arguments: {position: value}."""

    def __init__(self, call, error, calls=ALL, after=0, where=None, also=()):
        self.names, self.error, self.calls, self.after = {call, *also}, error, calls, after
        self.where = where or {}
        self.hits = 0

    def takes(self, call, arguments):
        """Whether this call is to fail."""
        if call not in self.names or any(arguments[at] != value for at, value in self.where.items()):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.hits == self.calls:
            return False
        self.hits += 1
        return True


class Calls:
    """The system calls of one program, to which `before` is given as its preexec_fn."""

    def __init__(self, names=None, mark=None):
        """names: of the calls that are seen and may fail; None: all. mark: (call, first argument): nothing is
        counted, and nothing fails, before the program makes this call."""
        if platform.machine() not in ("x86_64", "aarch64"):
            pytest.skip(f"no number known for pidfd_getfd on {platform.machine()}")
        self.mark = mark
        self.program = _filter(None if names is None else sorted({*names, *(mark[:1] if mark else ())}))
        self.names = {number: name for name, number in numbers().items()}
        self.seen = collections.Counter()
        self.fault = None
        self.holding = None
        self.held = []  # the calls that wait: (listener, id)
        self.begun = mark is None
        self.over = threading.Event()
        self.page = mmap.mmap(-1, mmap.PAGESIZE)  # shared with the child: its number, and its descriptor
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def before(self):
        """In the child: ask from now on. Its parent must know the descriptor before any call waits for it."""
        lowest = os.dup(0)
        os.close(lowest)
        if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
        self.page[:8] = struct.pack("ii", os.getpid(), lowest)
        found = _libc.syscall(numbers()["seccomp"], _SET_MODE_FILTER, _NEW_LISTENER,
                              ctypes.byref(self.program))
        if found != lowest:
            raise OSError(ctypes.get_errno(), "SECCOMP_FILTER_FLAG_NEW_LISTENER")
        deadline = time.monotonic() + _TAKE_S
        while not self.page[_TAKEN]:  # exec(3) would close it
            if time.monotonic() > deadline:
                raise TimeoutError("nobody took the descriptor of the filter")
            time.sleep(0.001)

    def _descriptor(self):
        """The child's, or None if there is none."""
        pidfd = -1
        while not self.over.wait(0.001):
            pid, theirs = struct.unpack("ii", self.page[:8])
            if pid and pidfd < 0:
                pidfd = os.pidfd_open(pid)
            ours = _libc.syscall(_PIDFD_GETFD, pidfd, theirs, 0) if pid else -1
            if ours >= 0:
                self.page[_TAKEN] = 1
                os.close(pidfd)
                return ours
        return None

    def _follow(self):
        listener = self._descriptor()
        if listener is None:
            return
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while not self.over.is_set():
            events = poll.poll(_STEP_MS)
            if events and events[0][1] & select.POLLHUP:
                break
            if events:
                self._answer(listener)
        os.close(listener)

    def _answer(self, listener):
        asked = bytearray(_NOTIF.size)
        try:
            fcntl.ioctl(listener, _RECV, asked)
            call, _, _, number, _, _, *arguments = _NOTIF.unpack(asked)
            if self.holding and self.holding.takes(self.names.get(number, str(number)), arguments):
                self.held.append((listener, call))
                return
            error = self._judge(self.names.get(number, str(number)), arguments)
            fcntl.ioctl(listener, _SEND, _ANSWER.pack(call, 0, -error, 0 if error else _CONTINUE))
        except OSError as failure:  # the call was interrupted, or its thread has ended
            if failure.errno != errno.ENOENT:
                raise

    def _judge(self, call, arguments):
        """The errno with which a call is to fail; 0: it is to be made."""
        self.begun = self.begun or self.mark == (call, arguments[0])
        if not self.begun:
            return 0
        self.seen[call] += 1
        fault = self.fault
        return fault.error if fault and fault.takes(call, arguments) else 0

    def begin(self, *args, **options):
        """Calls fail from now on, see Fault."""
        self.fault = Fault(*args, **options)
        return self.fault

    def hold(self, call, where=None):
        """The next call with these arguments waits, and its thread with it, until it is let go."""
        self.holding = Fault(call, 0, 1, where=where)

    def let_go(self):
        for listener, call in self.held:
            fcntl.ioctl(listener, _SEND, _ANSWER.pack(call, 0, 0, _CONTINUE))
        self.held = []

    def end(self):
        self.fault = None

    def stop(self):
        """Once the program has ended."""
        self.over.set()
        self.thread.join()
