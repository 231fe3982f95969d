"""What the user wants: the options of the command line, and what they may be."""
import dataclasses
import os
import re
from typing import Any, Mapping, Optional, Union

from fly_cli.config import app_named_in
from fly_cli.messages import WrongUsage
from fly_cli.usage import ALL, OPTIONS, VERBS, Option

HELP = ("-h", "--help")
SIZE = "(shared-cpu|performance)-[1-9][0-9]?x"


@dataclasses.dataclass
class Options:
    """One field per option of any command; those that this command does not have are empty."""

    verb: str
    app: str = ""
    config: str = ""
    dry_run: bool = False
    org: str = ""
    ipv4: str = ""
    wait: str = ""
    path: str = ""
    region: str = ""
    size: str = ""
    output: str = ""
    yes: bool = False
    load_options: tuple[str, ...] = ("-d", "10s")

    @property
    def wait_s(self) -> int:
        return int(self.wait)

    def complete(self, environment: Mapping[str, str]) -> None:
        """Find the name of the app, and check all. The working directory is the top of the tree."""
        if self.wait and not re.fullmatch("[0-9]{1,6}", self.wait):
            raise WrongUsage(f"--wait is a number of seconds, not '{self.wait}'")
        if self.size and not re.fullmatch(SIZE, self.size):
            raise WrongUsage(f"'{self.size}' is no size; those are called shared-cpu-1x to 8x and performance-1x to 16x")
        if self.region and not re.fullmatch("[a-z]{3}", self.region):
            raise WrongUsage(f"'{self.region}' is no region; those have three letters: see fly platform regions")
        if self.output and not _can_write(self.output):
            raise WrongUsage(f"cannot write '{self.output}'; give another --output")
        if not os.path.isfile(self.config):
            raise WrongUsage(f"there is no configuration '{self.config}'; give another --config")
        self.app = self.app or environment.get("FLY_APP", "") or app_named_in(self.config)
        if not self.app:
            raise WrongUsage("which app? Choose a name that nobody on Fly has yet, and give it by --app,"
                             f" by FLY_APP or in '{self.config}'")
        if not re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", self.app):
            raise WrongUsage(f"'{self.app}' can be no app: a name is made of lower-case letters, digits"
                             " and hyphens, 63 at most")


def read(words: list[str]) -> Optional[Options]:
    """From the command line; None if it asks for help."""
    verb, left = words[0] if words else "", words[1:]
    if verb in HELP:
        return None
    if verb not in VERBS:
        raise WrongUsage(f"what to do? deploy, bench or destroy, not '{verb}'; see --help")
    known = {option.name: option for option in OPTIONS if option.verb in (ALL, verb)}
    defaults: dict[str, Any] = {_field(option): option.default for option in known.values() if option.default}
    options = Options(verb, **defaults)
    while left:
        name = left.pop(0)
        if name in HELP:
            return None
        if name == "--" and verb == "bench":
            options.load_options = tuple(left)
            break
        if name not in known:
            raise WrongUsage(f"{verb} does not know '{name}'; see --help")
        setattr(options, _field(known[name]), _value(known[name], left))
    return options


def _value(option: Option, left: list[str]) -> Union[str, bool]:
    """Takes it from what is left of the command line."""
    if not option.value:
        return True
    value = left.pop(0) if left else ""
    if not value:
        raise WrongUsage(f"{option.name} needs a value; see --help")
    if option.choices and value not in option.choices:
        raise WrongUsage(f"{option.name} is {' or '.join(option.choices)}, not '{value}'")
    # Absolute: the program changes its directory, and the user named it from this one.
    return os.path.join(os.getcwd(), value) if option.value == "FILE" and not os.path.isabs(value) else value


def _field(option: Option) -> str:
    return option.name[len("--"):].replace("-", "_")


def _can_write(file: str) -> bool:
    """It is there and no directory, or can be made."""
    if os.path.exists(file):
        return os.access(file, os.W_OK) and not os.path.isdir(file)
    directory = os.path.dirname(file)
    return os.path.isdir(directory) and os.access(directory, os.W_OK)
