"""nginx as a responder: its stream module says hello, and its access log counts on its own."""
import collections
import os
import socket
import subprocess

import pytest

from clients import FAMILIES
from kernel import listening_ports
from misbehaving import target_of
from programs import DEADLINE_S, wait_until

_PROGRAM = "/usr/sbin/nginx"
_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"

# One process, so that it needs no other user to become.
_CONFIGURATION = """
{load_module}
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error;
events {{ worker_connections 8192; }}
stream {{
    log_format one "$remote_addr $remote_port $server_addr $status $bytes_sent {proxy}";
    access_log {directory}/access one;
    server {{
        {listens}
        return "hello\\n";
    }}
}}
"""
_PROXY = "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr" \
         " $proxy_protocol_server_port"

Visit = collections.namedtuple(
    "Visit", "host port server status bytes proxy_host proxy_port proxy_server proxy_server_port",
    defaults=[None] * 4,
)


class Nginx:
    """Greets on the loopback address of each family, on one port."""

    def __init__(self, directory, proxy_protocol=False):
        if not os.path.exists(_PROGRAM) or not os.path.exists(_MODULE):
            pytest.skip("no nginx with streams: install nginx-light and libnginx-mod-stream")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.access, self.error = directory / "access", directory / "error"
        addresses = [target_of((family.loopback, self.port)) for family in FAMILIES]
        word = "proxy_protocol" if proxy_protocol else ""
        (directory / "conf").write_text(_CONFIGURATION.format(
            directory=directory, load_module=f"load_module {_MODULE};",
            proxy=_PROXY if proxy_protocol else "",
            listens=" ".join(f"listen {address} backlog=4096 {word};" for address in addresses),
        ))
        self.process = subprocess.Popen(
            [_PROGRAM, "-p", str(directory), "-e", str(self.error), "-c", str(directory / "conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(self._is_up, "nginx to listen")
        except BaseException:
            self.stop()
            raise

    def _is_up(self):
        assert self.process.poll() is None, self.error.read_text()
        return self.port in listening_ports()

    def target(self, family):
        return target_of((family.loopback, self.port))

    def visits(self, count):
        """The lines of its log, when there are `count` of them or, a moment later, more."""
        wait_until(lambda: len(self._lines()) >= count, f"nginx to log {count} connections")
        self.process.terminate()  # writes what it has still to say
        self.process.wait(DEADLINE_S)
        return [Visit(*line.split()) for line in self._lines()]

    def _lines(self):
        return self.access.read_text().splitlines() if self.access.exists() else []

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
