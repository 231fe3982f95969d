"""From the command line to the exit code."""
import os
import pathlib
from typing import Callable

from fly_cli import bench, deploy, destroy, messages, options, usage
from fly_cli.flyctl import Flyctl
from fly_cli.messages import Problem
from fly_cli.options import Options
from fly_cli.signals import Signals

TOP = pathlib.Path(__file__).resolve().parents[2]
VERBS: dict[str, Callable[[Flyctl, Options], int]] = {
    "deploy": deploy.run,
    "bench": bench.run,
    "destroy": destroy.run,
}


def main(words: list[str]) -> int:
    try:
        wanted = options.read(words)
        if wanted is None:
            messages.print_result(usage.help_text())
            return 0
        os.chdir(TOP)  # where flyctl finds fly.toml and what the image is built from
        wanted.complete(os.environ)
        signals = Signals()
        flyctl = Flyctl.find(wanted.dry_run, signals)
        signals.catch()
        return VERBS[wanted.verb](flyctl, wanted)
    except Problem as problem:
        return problem.report()
