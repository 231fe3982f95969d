"""What the configuration says: a file in the form of fly.toml."""
import contextlib
import os
import re
import tempfile
from typing import Any, Iterator, NamedTuple, Optional

from fly_cli.flyctl import Flyctl, member
from fly_cli.messages import Problem, WrongUsage

DEFAULT_GREETING = b"hello\n"  # of hello-server by default
GREETING_VARIABLES = ("HELLO_SERVER_GREETING", "HELLO_GREETING")  # the first one counts
SPEAKING_HANDLERS = ("tls", "http", "pg_tls")
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}


class Config(NamedTuple):
    port: int  # where clients connect to
    internal_port: int  # where the Machine listens
    greeting: bytes
    is_raw: bool  # the proxy speaks neither TLS nor HTTP with clients


def app_named_in(file: str) -> str:
    """By its line `app = "NAME"`; empty without one. Not by a reader of TOML, which Python has since 3.11."""
    try:
        with open(file, encoding="utf-8", errors="replace") as lines:
            found = re.search(r"""^app *= *["']([^"'\n]+)["']""", lines.read(), re.MULTILINE)
    except OSError as error:
        raise WrongUsage(f"cannot read '{file}': {error.strerror}; give another --config") from error
    return found[1] if found else ""


def read(flyctl: Flyctl, app: str, file: str) -> Config:
    """As flyctl reads it."""
    config = flyctl.ask(
        "config", "show", "--local", "--app", app, "--config", file, kind=dict, read=_of_answer,
        failure=f"flyctl cannot read '{file}'; fix what it reports above, and check it:\n"
                f"    {flyctl.name} config validate --config {file}")
    if config is None:
        raise Problem(f"'{file}' has no [[services]] with a port; start from the given fly.toml, and change what you need")
    return config


@contextlib.contextmanager
def with_size(file: str, size: str) -> Iterator[str]:
    """The file or, if a size is wanted, a copy with it, which lies beside it while this is in use: what a configuration
    names may be relative to it. flyctl's own option does not win over [[vm]]."""
    if not size:
        yield file
        return
    try:
        with open(file, encoding="utf-8", errors="surrogateescape") as original:
            text = _resized(original.read(), size)
        copy = tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape", prefix=".fly-", suffix=".toml",
                                           dir=os.path.dirname(os.path.abspath(file)))
        copy.write(text)
        copy.flush()
    except OSError as error:
        raise Problem(f"cannot make a copy of '{file}' with another size beside it: {error.strerror};"
                      " change the size in the file itself") from error
    with copy:
        yield copy.name


def _resized(text: str, size: str) -> str:
    """The [[vm]] with this size. `memory` goes, so it is the least of the size."""
    unknown = Problem("--size finds no single [[vm]] with a `size` in the configuration; write the size there yourself")
    parts = re.split(r"^(?=[ \t]*\[)", text, flags=re.MULTILINE)  # each table with its values
    tables = [i for i, part in enumerate(parts) if re.match(r"[ \t]*\[\[vm\]\]", part)]
    if len(tables) != 1:
        raise unknown
    table, count = re.subn(r"""^([ \t]*size *= *)(["'])[^"'\n]*\2""", rf'\g<1>"{size}"', parts[tables[0]],
                           flags=re.MULTILINE)
    if count != 1:
        raise unknown
    parts[tables[0]] = re.sub(r"^[ \t]*memory(_mb)? *=.*\n?", "", table, flags=re.MULTILINE)
    kind = "shared" if size.startswith("shared") else "dedicated"
    return re.sub(r"""^([ \t]*HELLO_SERVER_CPU_KIND *= *)(["'])[^"'\n]*\2""", rf'\g<1>"{kind}"', "".join(parts),
                  flags=re.MULTILINE)


def _of_answer(answer: Any) -> Optional[Config]:
    services = list(_objects(member(answer, "services")))
    ports = [port for service in services for port in _objects(member(service, "ports"))]
    port = _first_number([member(one, "port") for one in ports])
    internal_port = _first_number([member(service, "internal_port") for service in services])
    if port is None or internal_port is None:
        return None
    is_raw = not any(name in SPEAKING_HANDLERS for one in ports for name in _texts(member(one, "handlers")))
    return Config(port, internal_port, _greeting(member(answer, "env")), is_raw)


def _objects(value: Any) -> Iterator[Any]:
    """Those of an array; none of anything else."""
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def _texts(value: Any) -> Iterator[str]:
    """The same for texts."""
    return (one for one in value if isinstance(one, str)) if isinstance(value, list) else iter(())


def _first_number(values: list[Any]) -> Optional[int]:
    return next((value for value in values if type(value) is int), None)  # to Python, True is an int


def _greeting(env: Any) -> bytes:
    """As the server reads it: a variable that is empty counts as not set."""
    texts = (member(env, name) for name in GREETING_VARIABLES)
    text = next((text for text in texts if isinstance(text, str) and text), None)
    return DEFAULT_GREETING if text is None else _unescape(text)


def _unescape(text: str) -> bytes:
    return re.sub(rb"\\(?:x([0-9a-fA-F]{2})|([nrt\\]))",
                  lambda found: bytes.fromhex(found[1].decode()) if found[1] else ESCAPES[found[2]],
                  text.encode(errors="replace"))
