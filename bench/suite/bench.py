"""Measure hello-server and hello-load side by side with what users would take instead."""
import argparse
import copy
import dataclasses
import os
import pathlib
import signal
import sys
import time

import curves
import generators
import machine
import plots
import profiles
import scenarios
import tables
from responders import RESPONDERS, is_ours

SCENARIOS = {
    "headline": scenarios.headline,
    "quotas": scenarios.quotas,
    "peers": scenarios.peers,
    "burst": scenarios.burst,
    "curves": curves.curves,
    "profile": profiles.profile,
    "generators": generators.generators,
}


def fail(message, code=2):
    print(f"bench: {message}", file=sys.stderr)
    sys.exit(code)


def cpu_set(text):
    return {int(part) for part in text.split(",")}


def labelled_build(text):
    label, _, path = text.partition("=")
    if not label or not (pathlib.Path(path) / "src/hello-server").exists():
        raise argparse.ArgumentTypeError(f"'{text}' is not LABEL=BUILD with BUILD/src/hello-server")
    return label, pathlib.Path(path)


class Options(argparse.Namespace):
    def choose(self, responders):
        """Those of the scenario that were asked for, and the same of other builds."""
        chosen = [one for one in responders if not self.only or one.name in self.only]
        chosen += [dataclasses.replace(one, name=f"{one.name} [{label}]", build=build)
                   for label, build in self.others for one in chosen
                   if is_ours(one.name)]
        return chosen

    def on_all_cpus(self):
        if len(self.responder_cpus | self.generator_cpus) < 2:
            return None
        both = copy.copy(self)
        both.responder_cpus = both.generator_cpus = self.responder_cpus | self.generator_cpus
        return both

    def progress(self, title):
        if not sys.stderr.isatty():
            print(f"bench: {title}", file=sys.stderr, flush=True)
            return None

        def show(number, count, name):
            print(f"\r\33[K{title}: round {number} of {count}: {name}", end="", file=sys.stderr)
            if number == count:
                print("\r\33[K", end="", file=sys.stderr)
        return show


# Many rounds of short runs: a program differs by 9 % from start to start, in long runs as in short ones. The
# shortest runs prove little, too: a run has more of a quota or less by a tick of the scheduler at each end,
# which was 5 to 10 % where runs were 0.8 s.
DEFAULTS = {"seconds": 1.2, "warmup_s": 0.4, "connections": 1024}
GENERATOR_DEFAULTS = {"seconds": 1, "connections": 64}


def fill_in(options):
    for name, value in (GENERATOR_DEFAULTS if options.scenario == "generators" else DEFAULTS).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def refusal(options):
    """Why what was asked for cannot be done, or nothing."""
    compares_generators = options.scenario == "generators"
    if compares_generators and (options.warmup_s is not None or options.others):
        return "generators are compared without --warmup-s and --with: leave them out"
    if options.rounds < 1 or options.seconds <= 0 or options.connections < 1:
        return "--rounds, --seconds and --connections must be more than 0"
    known = [one.name for one in (generators.GENERATORS if compares_generators else RESPONDERS)]
    unknown = set(options.only or []) - set(known)
    if unknown:
        return f"--only '{min(unknown)}' is none of: {'; '.join(known)}"
    if compares_generators and options.seconds % 1:
        return f"--seconds {options.seconds}: some generators take whole seconds only"
    sets = options.generator_cpus, options.responder_cpus
    if compares_generators and (any(len(cpus) != 1 for cpus in sets) or sets[0] == sets[1]):
        return ("generators and their responder have one CPU each: name two different ones by "
                "--generator-cpus and --responder-cpus")
    return None


def read_options(arguments):
    cpus = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="headline", choices=SCENARIOS,
                        help="; ".join(f"{name}: {run.__doc__.splitlines()[0].rstrip('.')}"
                                       for name, run in SCENARIOS.items()))
    parser.add_argument("--rounds", type=int, default=10, help="how often each runs (default %(default)s)")
    parser.add_argument("--seconds", type=float, help=f"length of a run (default {DEFAULTS['seconds']}; "
                        f"{GENERATOR_DEFAULTS['seconds']} for generators, of which some take whole seconds only)")
    parser.add_argument("--warmup-s", type=float, help=f"before a run (default {DEFAULTS['warmup_s']}; "
                        "not for generators, of which most have none)")
    parser.add_argument("--connections", type=int, help="in flight (default "
                        f"{DEFAULTS['connections']}: more than a quota of 5 ms answers, so that nobody waits for "
                        f"the generator; {GENERATOR_DEFAULTS['connections']} for generators)")
    parser.add_argument("--only", metavar="NAME", nargs="+",
                        help="these responders only; these generators, if they are compared")
    parser.add_argument("--with", dest="others", metavar="LABEL=BUILD", nargs="+", default=[],
                        type=labelled_build, help="measure hello-server of another build too")
    parser.add_argument("--responder-cpus", type=cpu_set, default={cpus[-1]},
                        help="default: the last")
    parser.add_argument("--generator-cpus", type=cpu_set, default={cpus[0]},
                        help="default: the first")
    parser.add_argument("--seed", type=int, default=1, help="of the order in each round")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"),
                        help="where the programs are (default build/release)")
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("build/bench"),
                        help="where tables go (default build/bench)")
    return fill_in(parser.parse_args(arguments, Options()))


def main():
    options = read_options(sys.argv[1:])
    if os.geteuid() != 0:
        fail("CPU cgroups and a private network need root: run it with sudo")
    refused = refusal(options)
    if refused:
        fail(refused)
    if machine.IN_NAMESPACE not in os.environ:
        machine.enter_namespace()
    machine.prepare_namespace()
    command = ["scripts/bench", *sys.argv[1:]]
    document = tables.Document(options.scenario, machine.facts(command))
    start = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped then
    try:
        SCENARIOS[options.scenario](options, document)
    except OSError as error:
        fail(str(error), 1)
    except KeyboardInterrupt:
        sys.exit(130)
    document.facts["took"] = f"{time.monotonic() - start:.0f} s"
    document.write(options.results)
    plots.draw(document, options.results)
    print(document.markdown())
    print(f"bench: {options.results}/{options.scenario}.md, .json and .svg hold this", file=sys.stderr)


if __name__ == "__main__":
    main()
