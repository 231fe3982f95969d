"""Calls of a running program that fail, and work again, when a test wants them to (fault.c)."""
import errno
import os
import struct

import pytest

# How an engine waits, and what breaks it.
WAITS = {"epoll": "epoll_wait,epoll_pwait2",
         "uring": "io_uring_submit_and_wait_timeout,io_uring_submit_and_get_events"}
ERRORS = {"epoll": errno.EBADF, "uring": errno.EPERM}


def library():
    """Its path."""
    path = os.environ.get("HELLO_FAULT")
    if not path:
        pytest.skip("HELLO_FAULT does not name the library that makes calls fail")
    return path


class Fault:
    """Calls of functions of the C library, or of liburing, in one program."""

    def __init__(self, function, directory):
        """function: one, or several with commas in between."""
        path = directory / "switch"
        path.write_bytes(bytes(24))
        self.file = open(path, "r+b", buffering=0)
        self.environment = {
            "LD_PRELOAD": library(), "FAULT_FUNCTION": function, "FAULT_SWITCH": str(path)}

    def begin(self, error, calls=-1, thread=0, after=0):
        """So many calls fail from now on, -1: all, of a thread, 0: of any, after so many that do not."""
        os.pwrite(self.file.fileno(), struct.pack("ii", thread, after), 8)
        os.pwrite(self.file.fileno(), struct.pack("i", error), 0)
        os.pwrite(self.file.fileno(), struct.pack("i", calls), 4)

    def end(self):
        self.begin(0, 0)

    def forget_operations(self):
        os.pwrite(self.file.fileno(), bytes(8), 16)

    def operations(self):
        """The opcodes of io_uring that the program asked for since then."""
        seen, = struct.unpack("Q", os.pread(self.file.fileno(), 8, 16))
        return {opcode for opcode in range(64) if seen >> opcode & 1}
