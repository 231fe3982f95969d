"""Calls of a running program that fail, and work again, when a test wants them to (fault.c)."""
import os
import struct

import pytest


class Fault:
    """Calls of one function of the C library, or of liburing, in one program."""

    def __init__(self, function, directory):
        library = os.environ.get("HELLO_FAULT")
        if not library:
            pytest.skip("HELLO_FAULT does not name the library that makes calls fail")
        path = directory / "switch"
        path.write_bytes(bytes(8))
        self.file = open(path, "r+b", buffering=0)
        self.environment = {
            "LD_PRELOAD": library, "FAULT_FUNCTION": function, "FAULT_SWITCH": str(path)}

    def begin(self, error, calls=-1):
        """So many calls fail from now on; -1: all."""
        os.pwrite(self.file.fileno(), struct.pack("i", error), 0)
        os.pwrite(self.file.fileno(), struct.pack("i", calls), 4)

    def end(self):
        self.begin(0, 0)
