"""Whoever should read what the server prints may be gone or asleep: the service goes on."""
import fcntl
import os
import signal
import subprocess

from clients import GREETING, IPV4, connect, read_exactly, visit
from kernel import listening_ports
from programs import environment, free_port, server_path, wait_until


def start(port, *args, **options):
    process = subprocess.Popen(
        [server_path(), *args, str(port)], env=environment(), stdin=subprocess.DEVNULL, **options
    )
    wait_until(lambda: port in listening_ports(), "the server to listen")
    return process


def close_standard_descriptors():
    for descriptor in range(3):
        os.close(descriptor)


def test_without_standard_descriptors_it_serves_and_stops(engine):
    """No socket may take their numbers: what is printed would go to a client, or worse."""
    port = free_port()
    process = start(port, "-v", "-w", "1", "-e", engine, "--max-connections", "1",
                    preexec_fn=close_standard_descriptors)
    try:
        for descriptor in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{descriptor}") == "/"
        holder = connect((IPV4.loopback, port))
        assert read_exactly(holder, len(GREETING)) == GREETING
        holder.close()
        assert visit((IPV4.loopback, port)) == GREETING
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def test_a_log_that_nobody_reads_stops_nothing(engine):
    """Its pipe is full: the line that says that others wait, and the totals, are dropped."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"." * 4096)
    port = free_port()
    process = start(port, "-w", "1", "-e", engine, "--max-connections", "1",
                    stdout=subprocess.DEVNULL, stderr=writer)
    try:
        holder = connect((IPV4.loopback, port))
        assert read_exactly(holder, len(GREETING)) == GREETING
        waiting = [connect((IPV4.loopback, port)) for _ in range(5)]
        holder.close()
        for sock in waiting:
            assert read_exactly(sock, len(GREETING)) == GREETING
            sock.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reader)
        os.close(writer)
