"""The app: whether it is there, its addresses, its Machines."""
from typing import Any, NamedTuple, Optional

from fly_cli import machine, messages
from fly_cli.flyctl import Flyctl, text_of
from fly_cli.machine import Execution, Machine
from fly_cli.messages import Problem

EXEC_TIMEOUT_S = 20  # Fly was seen to give up on commands after 30


class Address(NamedTuple):
    kind: str  # v6, v4 (dedicated), shared_v4, ...
    text: str


class App:
    def __init__(self, name: str, flyctl: Flyctl):
        self.name = name
        self.flyctl = flyctl

    def exists(self) -> bool:
        """Among those that the user can see."""
        return self.name in self.flyctl.ask(
            "apps", "list", "--json", kind=list, read=lambda apps: [text_of(app, "Name", "name") for app in apps],
            failure="flyctl cannot list apps; fix what it reports above and run this again")

    def require(self) -> None:
        if not self.exists():
            raise Problem(f"there is no app '{self.name}' that you can see; deploy it first:"
                          f" scripts/fly deploy --app {self.name}")

    def ensure(self, org: str) -> bool:
        """Whether it had to be made."""
        if self.exists():
            messages.say(f"the app '{self.name}' is there")
            return False
        owner = ["--org", org] if org else []
        if not self.flyctl.change("apps", "create", self.name, *owner):
            raise Problem(f"cannot make the app '{self.name}'; names are unique across all of Fly, so if this one is"
                          " taken, choose\n    another --app; if you are in several organizations, name one by --org")
        return True

    def addresses(self) -> list[Address]:
        return self.flyctl.ask(
            "ips", "list", "--app", self.name, "--json", kind=list, read=_addresses,
            failure=f"flyctl cannot list the addresses of '{self.name}'; fix what it reports above and run this again")

    def machines(self) -> list[Machine]:
        return self.flyctl.ask(
            "machine", "list", "--app", self.name, "--json", kind=list,
            read=lambda answer: [machine.of_answer(one) for one in answer],
            failure=f"flyctl cannot list the Machines of '{self.name}'; fix what it reports above and run this again")

    def server_machine(self) -> Optional[Machine]:
        """The first that runs, of those with hello-server."""
        return next((one for one in self.machines() if one.runs_server), None)

    def execute(self, machine_id: str, command: str, is_quiet: bool = False) -> Execution:
        """Run a command of plain words in a Machine. Problem if it could not be run."""
        return self.flyctl.ask(
            *self.execute_words(machine_id, command), kind=dict, read=machine.execution_of_answer,
            failure=f"flyctl cannot run a command in the Machine {machine_id}; see what it says above",
            is_quiet=is_quiet)

    def execute_words(self, machine_id: str, command: str) -> list[str]:
        return ["machine", "exec", machine_id, command, "--app", self.name, "--timeout", str(EXEC_TIMEOUT_S), "--json"]

    def destroy_words(self, machine_id: str) -> list[str]:
        return ["machine", "destroy", machine_id, "--app", self.name, "--force"]


def of_kind(addresses: list[Address], kind: str) -> list[str]:
    return [address.text for address in addresses if address.kind == kind]


def _addresses(answer: Any) -> list[Address]:
    return [Address(text_of(one, "Type", "type"), text_of(one, "Address", "address")) for one in answer]
