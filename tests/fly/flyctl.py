#!/usr/bin/env python3
"""A stand-in for flyctl, for tests only: it knows the commands that scripts/fly gives, to the word,
and answers in the shapes of flyctl's own sources (superfly/flyctl and superfly/fly-go of 2026-08-21).

Its world is a JSON file, $FLYCTL_WORLD; see fly.World, which makes it. What Fly would do to a Machine of
`machine run` it really does: it starts the command, in a mount namespace where /usr/local/bin holds
the programs as in our image, and `machine exec` runs commands there, without a shell as Fly's init does.
If the world "boots", `deploy` starts hello-server like that, in a network of its own which has the
addresses of the app. What runs in a Machine has the environment of its configuration, and no other.
"""
# The tests start it several hundred times: what only few commands need is imported where they do.
import fcntl
import json
import os
import signal
import sys
import time

NOW = "2026-11-01T12:00:00+00:00"
REGISTRY = "registry.fly.io"
TAG = "deployment-01K8ZK5V7X3Q"
HANG_S = 60
DIGEST = "sha256:" + "5f" * 32
MACHINE = """
mount -t tmpfs tmpfs /usr/local/bin
mount -t tmpfs tmpfs /dev/shm
ln -s "$1" /usr/local/bin/hello-server
ln -s "$2" /usr/local/bin/hello-load
shift 2
"""
RUN = MACHINE + 'exec "$@"'
BOOT = MACHINE + """
ip link set lo up
for address; do ip address add "$address" dev lo; done
exec hello-server
"""


class Failure(Exception):
    """What flyctl says after `Error: `."""


def main(arguments):
    name = " ".join(arguments[:2] if arguments[0] != "deploy" else arguments[:1])
    if name == os.environ.get("FLYCTL_HANGS"):
        hang(os.environ["FLYCTL_WORLD"] + ".hangs")
    with open(os.environ["FLYCTL_WORLD"], "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        world = json.load(file)
        world["calls"].append(arguments)
        save(file, world)
        if name not in COMMANDS:
            print(f"the stand-in does not know: flyctl {' '.join(arguments)}", file=sys.stderr)
            return 64
        try:
            if not world["user"]:
                raise Failure("no access token available. Please login with 'flyctl auth login'")
            fail(world, name)
            if name in world["answers"]:
                print(world["answers"][name])
            else:
                COMMANDS[name](world, Arguments(arguments))
            fail(world, f"{name}, done")
        except Failure as failure:
            print(f"Error: {failure}", file=sys.stderr)
            return 1
        finally:
            save(file, world)  # what was done is done, also if nobody reads of it
        return 0


def hang(file):
    """Until somebody removes the file. Ctrl-C ends it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with open(file, "w", encoding="utf-8"):
        pass
    deadline = time.monotonic() + HANG_S
    while os.path.exists(file) and time.monotonic() < deadline:
        time.sleep(0.01)


def fail(world, name):
    """If the test wants it: with a text each time, or with those of a list, one after the other;
    None in there stands for a success."""
    text = world["failures"].get(name)
    if isinstance(text, list):
        text = text.pop(0) if text else None
    if text:
        raise Failure(text)


def save(file, world):
    file.seek(0)
    file.truncate()
    json.dump(world, file)
    file.flush()


class Arguments:
    def __init__(self, words):
        self.words, self.after = words, []
        if "--" in words:
            at = words.index("--")
            self.words, self.after = words[:at], words[at + 1:]

    def value(self, name):
        """Of an option that must be there."""
        return self.words[self.words.index(name) + 1]

    def __contains__(self, name):
        return name in self.words


def show(value):
    print(json.dumps(value, indent=4))


def find_app(world, arguments):
    app = arguments.value("--app")
    if app not in world["apps"]:
        raise Failure("Could not find App")
    return app


# Questions


def auth_whoami(world, _):
    show({"email": world["user"]})


def apps_list(world, _):
    show([
        {"ID": app, "Name": app, "Status": "deployed", "Deployed": True, "Network": "",
         "Hostname": f"{app}.fly.dev", "Organization": {"Name": "Jo", "Slug": "personal"},
         "CurrentRelease": {"CreatedAt": NOW, "Status": "complete"}}
        for app in world["apps"]
    ])


def config_show(_, arguments):
    """As JSON, which has other names for nothing that the script reads."""
    show({"app": arguments.value("--app"), **config_read(arguments)})


def config_read(arguments):
    import tomllib

    with open(arguments.value("--config"), "rb") as file:
        try:
            return tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise Failure(f"failed loading app config: {error}") from error


def ips_list(world, arguments):
    find_app(world, arguments)
    show(world["ips"] or None)  # an empty list of Go is null


def machine_list(world, arguments):
    find_app(world, arguments)
    show(world["machines"])


# Changes


def apps_create(world, arguments):
    app = arguments.words[2]
    if app in world["taken"]:
        raise Failure("Name has already been taken")
    world["apps"].append(app)
    print(f"New app created: {app}")


def allocate(world, kind):
    address = world["offers"][kind].pop(0)
    if address:  # else it takes a while until it is listed
        world["ips"].append(ip(kind, address))
    print(f"VERSION\tIP\tTYPE\tREGION\tCREATED AT\n{kind}\t{address}\tpublic ingress\tglobal\tjust now")


def ip(kind, address):
    return {"ID": f"ip_{kind}", "Address": address, "Type": kind, "Region": "global",
            "CreatedAt": NOW, "ServiceName": "", "Network": None}


def ips_allocate_v6(world, arguments):
    find_app(world, arguments)
    allocate(world, "v6")


def ips_allocate_v4(world, arguments):
    find_app(world, arguments)
    if "--yes" not in arguments:
        raise Failure("yes flag must be specified when not running interactively")
    allocate(world, "v4")


def deploy(world, arguments):
    app = find_app(world, arguments)
    if not world["ips"]:
        print("Failed to provision IP addresses. Use `fly ips` commands to remediate it.", file=sys.stderr)
    if not world["machines"]:
        config = config_read(arguments)
        region = arguments.value("--primary-region") if "--primary-region" in arguments else config["primary_region"]
        # Without `memory`, a size has that of its preset: fly-go, machine_types.go.
        one = machine(app, "17811953c92018", "blue-sun-1848", region, "::1", env=config.get("env", {}), vm=config["vm"])
        one["other"] = config.get("other")  # a table that only tests have
        world["machines"].append(one)
        if world["boots"]:
            boot(world, one)
    print(f"Visit your newly deployed app at https://{app}.fly.dev/")


def machine(app, number, name, region, address, **config):
    return {
        "id": number, "name": name, "state": "started", "region": region,
        "image_ref": {"registry": REGISTRY, "repository": app, "tag": TAG, "digest": DIGEST,
                      "labels": {}},
        "instance_id": "01K8ZK6M3M2T", "private_ip": address,
        "created_at": NOW, "updated_at": NOW,
        "config": {
            "init": {}, "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256},
            "metadata": {"fly_process_group": "app"},
            "image": f"{REGISTRY}/{app}:{TAG}@{DIGEST}", **config,
        },
        "events": [], "checks": [], "host_status": "ok", "cordoned": False,
    }


def environment(one):
    """What every command in a Machine finds: hello-server at the boot, and what `exec` starts."""
    return {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "FLY_MACHINE_ID": one["id"],
            "FLY_REGION": one["region"], **one["config"].get("env", {})}


def start(world, one, script, *words, namespaces="-m", is_read=False):
    import subprocess

    process = subprocess.Popen(
        ["unshare", namespaces, "/bin/sh", "-ec", script, "machine", os.environ["HELLO_SERVER"],
         os.environ["HELLO_LOAD"], *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if is_read else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=environment(one), start_new_session=True,
    )
    world["processes"][one["id"]] = process.pid
    return process


def boot(world, one):
    """Returns when hello-server listens, as `deploy` does when its checks pass."""
    addresses = [f"{ip['Address']}/{128 if ':' in ip['Address'] else 32}" for ip in world["ips"]]
    process = start(world, one, BOOT, *addresses, namespaces="-mn", is_read=True)
    line = process.stdout.readline()
    if b" listening on " not in line:
        del world["processes"][one["id"]]
        raise Failure(f"the Machine did not start: {line!r}")


def machine_run(world, arguments):
    app = find_app(world, arguments)
    assert arguments.words[2] == f"{REGISTRY}/{app}:{TAG}@{DIGEST}", arguments.words
    name, text = arguments.value("--metadata").split("=")
    one = machine(app, f"e{os.getpid():013x}", arguments.value("--name"), arguments.value("--region"),
                  "fdaa:0:1::3", metadata={name: text}, auto_destroy="--rm" in arguments)
    start(world, one, RUN, arguments.value("--entrypoint"), *arguments.after)
    world["machines"].append(one)
    print(f"Success! A Machine has been successfully launched in app {app}")
    print(f" Machine ID: {one['id']}")


def machine_exec(world, arguments):
    """A command that fails is no failure of flyctl's."""
    import shlex
    import subprocess

    find_app(world, arguments)
    number, command = arguments.words[2:4]
    if number not in world["processes"]:
        show(world["exec"])
        return
    (one,) = [one for one in world["machines"] if one["id"] == number]
    result = subprocess.run(
        ["nsenter", "-m", "-n", "-t", str(world["processes"][number]), *shlex.split(command)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(one))
    answer = {"exit_code": result.returncode, "stdout": result.stdout[:world["exec_bytes"]],
              "stderr": result.stderr}
    show({name: value for name, value in answer.items() if value})  # as Go's omitempty


def machine_destroy(world, arguments):
    find_app(world, arguments)
    number = arguments.words[2]
    assert "--force" in arguments, "it runs"
    os.killpg(world["processes"].pop(number), signal.SIGKILL)
    world["machines"] = [one for one in world["machines"] if one["id"] != number]
    print(f"{number} has been destroyed")


def apps_destroy(world, arguments):
    if "--yes" not in arguments:
        raise Failure("yes flag must be specified when not running interactively")
    world["apps"].remove(arguments.words[2])
    print(f"Destroyed app {arguments.words[2]}")


COMMANDS = {
    "auth whoami": auth_whoami,
    "apps list": apps_list,
    "apps create": apps_create,
    "apps destroy": apps_destroy,
    "config show": config_show,
    "ips list": ips_list,
    "ips allocate-v6": ips_allocate_v6,
    "ips allocate-v4": ips_allocate_v4,
    "deploy": deploy,
    "machine list": machine_list,
    "machine run": machine_run,
    "machine exec": machine_exec,
    "machine destroy": machine_destroy,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
