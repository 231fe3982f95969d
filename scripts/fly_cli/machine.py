"""A Machine, as flyctl describes it."""
from typing import Any, NamedTuple

from fly_cli.flyctl import member, text_of

GENERATOR_ROLE = "hello-load"  # in the metadata of the Machine that bench makes


class Machine(NamedTuple):
    id: str
    name: str
    region: str
    private_ip: str
    image: str
    runs_server: bool


class Execution(NamedTuple):
    """What a command in a Machine left behind, without the newlines at the end."""

    code: int
    stdout: str
    stderr: str


def of_answer(one: Any) -> Machine:
    role = member(one, "config", "metadata", "role")
    return Machine(
        id=text_of(one, "id"), name=text_of(one, "name"), region=text_of(one, "region"),
        private_ip=text_of(one, "private_ip"), image=_image(one),
        runs_server=member(one, "state") == "started" and role != GENERATOR_ROLE)


def execution_of_answer(answer: Any) -> Execution:
    """What is zero or empty is left out of it."""
    return Execution(code=member(answer, "exit_code") or 0,
                     stdout=text_of(answer, "stdout").rstrip("\n"),
                     stderr=text_of(answer, "stderr").rstrip("\n"))


def _image(one: Any) -> str:
    configured = text_of(member(one, "config"), "image")
    parts = [text_of(member(one, "image_ref"), name) for name in ("registry", "repository", "digest")]
    return configured or "{}/{}@{}".format(*parts)
