"""A virtual machine of the shape of a Fly Machine, emulated: slow, but its kernel is real."""
import os
import pathlib
import select
import socket
import subprocess
import time

MACHINES = pathlib.Path(os.environ["HELLO_VMS"])
HERE = {"ipv4": "172.19.0.1", "ipv6": "fdaa:0:1::1"}
THERE = {"ipv4": "172.19.0.2", "ipv6": "fdaa:0:1::2"}
PREFIX = {"ipv4": 29, "ipv6": 64}
PORT = 1848
DEADLINE_S = 240  # an emulated machine that has half of a busy CPU
TAP = "vm0"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def make_network():
    """The host's side of the machine's network, in the namespace of these tests."""
    ip("link", "set", "lo", "up")
    ip("tuntap", "add", TAP, "mode", "tap")
    for family, address in HERE.items():
        nodad = ["nodad"] if family == "ipv6" else []
        ip("address", "add", f"{address}/{PREFIX[family]}", "dev", TAP, *nodad)
    ip("link", "set", TAP, "mtu", "1420", "up")


class Machine:
    def __init__(self, kernel, directory, memory_mb=256):
        self.kernel = kernel
        self.console = directory / "console"
        orders = directory / "orders"
        files = MACHINES / kernel
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "qemu64",
             # One CPU, of two that there could be: for a machine that can have only one, the emulator
             # leaves out the fences of locked instructions, without which a virtio device and its
             # driver can miss each other, and the network stand still ("NETDEV WATCHDOG").
             "-smp", "cpus=1,maxcpus=2", "-m", str(memory_mb),
             "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
             "-kernel", files / "vmlinuz", "-initrd", files / "initramfs",
             "-append", "console=ttyS0 quiet panic=-1",
             "-netdev", f"tap,id=net,ifname={TAP},script=no,downscript=no",
             "-device", "virtio-net-pci,netdev=net,romfile=",
             "-serial", f"file:{self.console}",
             "-serial", f"unix:{orders},server=on,wait=off"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.wait_until(orders.exists, "its serial line")
        self.orders = socket.socket(socket.AF_UNIX)
        self.orders.connect(str(orders))

    def wait_until(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert self.process.poll() is None, (self.process.stdout.read(), self.said())
            assert time.monotonic() < deadline, f"waited for {what}; it said: {self.said()}"
            time.sleep(0.02)

    def said(self):
        """All that it printed on its console."""
        return self.console.read_text(errors="replace").replace("\r", "") \
            if self.console.exists() else ""

    def greeting(self, family):
        """What a client sees that connects, says nothing and reads to the end; None: it cannot."""
        try:
            with socket.create_connection((THERE[family], PORT), timeout=2) as client:
                return client.makefile("rb").read()
        except OSError:
            return None

    def run(self, command):
        """Run a command in the image as root. Returns (exit code, output)."""
        self.orders.sendall(f"run {command}\n".encode())
        answer, deadline = b"", time.monotonic() + DEADLINE_S
        while True:
            left = max(0, deadline - time.monotonic())
            assert select.select([self.orders], [], [], left)[0], (command, answer, self.said())
            part = self.orders.recv(65536)
            assert part, (command, answer, self.said())
            answer += part
            output, mark, code = answer.decode().rpartition("-- exit ")
            if mark and code.endswith("\n"):
                return int(code), output.replace("\r", "")

    def output_of(self, command):
        code, output = self.run(command)
        assert code == 0, (command, code, output)
        return output

    def stop(self):
        """Forward SIGTERM, and wait until the machine is off. Returns what it printed in all."""
        self.orders.sendall(b"term\n")
        self.process.wait(DEADLINE_S)
        return self.said()

    def kill(self):
        self.orders.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
