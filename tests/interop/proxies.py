"""Proxies in front of a server, each of which keeps connections to it open if it may."""
import os
import shutil
import subprocess

import pytest

import programs
from kernel import listening_ports

# One process, so that it needs no other user to become.
_NGINX = """
daemon off;
master_process off;
pid {directory}/pid;
error_log {directory}/error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_max_body_size 8m;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream hello {{
        server {target};
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://hello;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""

_HAPROXY = """
global
    maxconn 4096
defaults
    mode http
    option http-keep-alive
    http-reuse always
    timeout client 30s
    timeout connect 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:{port}
    default_backend hello
backend hello
    server one {target}
"""

_CADDY = """
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
    reverse_proxy {target}
}}
"""

# Name: the file of its configuration, and how it is started with that.
_KINDS = {
    "nginx": (_NGINX, ["/usr/sbin/nginx", "-p", "{directory}", "-e", "{directory}/error", "-c", "{file}"]),
    "haproxy": (_HAPROXY, ["/usr/sbin/haproxy", "-db", "-f", "{file}"]),
    "caddy": (_CADDY, ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", "{file}"]),
}
NAMES = tuple(_KINDS)


class Proxy:
    """Listens on a port of 127.0.0.1, and passes requests on to `target`."""

    def __init__(self, name, directory, target):
        configuration, command = _KINDS[name]
        self.port, self.log = programs.free_port(), directory / f"{name}.log"
        words = {"directory": directory, "port": self.port, "target": target, "file": directory / f"{name}.conf"}
        if not shutil.which(command[0]):
            pytest.skip(f"no {name} here: {command[0]}")
        words["file"].write_text(configuration.format(**words))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [word.format(**words) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "HOME": str(directory), "XDG_CONFIG_HOME": str(directory),
                     "XDG_DATA_HOME": str(directory)},
            )
        try:
            programs.wait_until(self._is_up, f"{name} to listen", within=60)
        except BaseException:
            self.stop()
            raise

    def _is_up(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.port in listening_ports()

    @property
    def target(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()
