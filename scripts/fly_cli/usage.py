"""The table of options, and --help, which follows from it."""
import textwrap
from typing import NamedTuple

VERBS = ("deploy", "bench", "destroy")
ALL = "All of them"
HELP_WIDTH = 98
HELP_COLUMN = 21
HEAD = """\
Usage: scripts/fly deploy  [OPTION...]
       scripts/fly bench   [OPTION...] [-- HELLO-LOAD OPTION...]
       scripts/fly destroy [OPTION...]

Puts hello-server on Fly, measures it there, and takes it away again, by flyctl.
  deploy    makes what is missing (the app, an IPv6 address, if you want it an IPv4 address), deploys,
            and reads the greeting from each address. To run it again is harmless.
  bench     runs hello-load (by default: -d 10s) in a Machine of its own beside the responder, prints its
            JSON, and destroys the Machine
  destroy   asks for the app's name, and destroys the app with its Machines and addresses
"""
TAIL = """\
Exit code: 0 done; 1 it could not be done, or not be verified; 2 wrong usage; 3 bench ran, and an
assertion of hello-load does not hold."""


class Option(NamedTuple):
    verb: str  # which has it; or ALL
    name: str
    value: str  # as the help calls it; empty for an option without one
    default: str
    help: str  # {default} stands for the default
    choices: tuple[str, ...] = ()


OPTIONS = (
    Option(ALL, "--app", "NAME", "", "the app; by default $FLY_APP or the `app` of the configuration"),
    Option(ALL, "--config", "FILE", "fly.toml", "the configuration; by default {default}, and see docs/fly"),
    Option(ALL, "--dry-run", "", "", "show each flyctl command, and run only those that change nothing"),
    Option("deploy", "--org", "ORG", "", "who owns the app that is made; by default flyctl asks"),
    Option("deploy", "--ipv4", "yes|no", "",
           "allocate a dedicated IPv4 address, which costs money; by default it asks, and"
           " without a terminal it does not", ("yes", "no")),
    Option("deploy", "--region", "REGION", "",
           "where the first Machine is made; by default in the primary_region of the configuration; later ones stay"
           " where they are"),
    Option("deploy", "--size", "SIZE", "",
           "such as shared-cpu-2x or performance-1x, with the least memory that it has; by default the [[vm]] of the"
           " configuration, which the next deployment without --size applies again"),
    Option("deploy", "--wait", "SECONDS", "90",
           "how long the first greeting may take to come; by default {default}"),
    Option("bench", "--path", "private|public", "private",
           "connect over the private network, or to the public IPv6 address and so through Fly's proxy;"
           " by default {default}", ("private", "public")),
    Option("bench", "--region", "REGION", "",
           "where to run hello-load; by default in the region of the responder"),
    Option("bench", "--size", "SIZE", "performance-1x",
           "the Machine for hello-load; by default {default}, since a shared CPU"
           " is throttled sooner than the responder is busy"),
    Option("bench", "--wait", "SECONDS", "120",
           "how long hello-load may take, with the start of its Machine; by default {default}"),
    Option("bench", "--output", "FILE", "", "where the JSON goes; by default to the standard output"),
    Option("destroy", "--yes", "", "", "do not ask"),
)


def help_text() -> str:
    sections = [f"{verb}:\n" + "".join(_help_of(option) for option in OPTIONS if option.verb == verb)
                for verb in (ALL, *VERBS)]
    return f"{HEAD}\n{''.join(sections)}\n{TAIL}"


def _help_of(option: Option) -> str:
    head = f"  {option.name} {option.value}"
    return textwrap.fill(option.help.format(default=option.default), HELP_WIDTH, break_on_hyphens=False,
                         initial_indent=f"{head:<{HELP_COLUMN - 3}}   ",
                         subsequent_indent=" " * HELP_COLUMN) + "\n"
