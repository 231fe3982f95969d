"""Calls of a running program that fail, and work again, when a test wants them to (fault.c)."""
import os
import struct

import pytest


class Fault:
    """Calls of functions of the C library, or of liburing, in one program."""

    def __init__(self, function, directory):
        """function: one, or several with commas in between."""
        library = os.environ.get("HELLO_FAULT")
        if not library:
            pytest.skip("HELLO_FAULT does not name the library that makes calls fail")
        path = directory / "switch"
        path.write_bytes(bytes(12))
        self.file = open(path, "r+b", buffering=0)
        self.environment = {
            "LD_PRELOAD": library, "FAULT_FUNCTION": function, "FAULT_SWITCH": str(path)}

    def begin(self, error, calls=-1, thread=0):
        """So many calls fail from now on, -1: all, of a thread, 0: of any."""
        os.pwrite(self.file.fileno(), struct.pack("i", thread), 8)
        os.pwrite(self.file.fileno(), struct.pack("i", error), 0)
        os.pwrite(self.file.fileno(), struct.pack("i", calls), 4)

    def end(self):
        self.begin(0, 0)
