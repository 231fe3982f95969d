"""scripts/fly bench: runs hello-load in a Machine of its own beside the responder, and prints its JSON."""
import json

from fly_cli import config, messages
from fly_cli.app import App, of_kind
from fly_cli.config import Config
from fly_cli.flyctl import Flyctl
from fly_cli.generator import Generator
from fly_cli.machine import Machine
from fly_cli.messages import Problem
from fly_cli.options import Options

# Exit codes of hello-load, and of this program too.
DONE = 0
ASSERTION_FAILED = 3


def run(flyctl: Flyctl, options: Options) -> int:
    flyctl.check_login()
    app = App(options.app, flyctl)
    app.require()
    settings = config.read(flyctl, app.name, options.config)
    responder = app.server_machine()
    if responder is None:
        raise Problem(f"no Machine of '{app.name}' runs, so there is nothing to measure; start one:"
                      f" {flyctl.name} machine start --app {app.name}")
    target = _target(app, settings, responder, options.path)
    with Generator(app) as generator:
        try:
            return _measure(generator, responder, target, options)
        except Problem as problem:
            return problem.report()  # before the Machine is destroyed, which may take a while


def _target(app: App, settings: Config, responder: Machine, path: str) -> str:
    """What hello-load connects to."""
    if path == "private":
        return f"[{responder.private_ip}]:{settings.internal_port}"
    public = of_kind(app.addresses(), "v6")
    if not public:
        raise Problem(f"'{app.name}' has no public IPv6 address; scripts/fly deploy allocates one")
    return f"[{public[0]}]:{settings.port}"


def _measure(generator: Generator, responder: Machine, target: str, options: Options) -> int:
    region = options.region or responder.region
    messages.say(f"measuring {target} from a {options.size} Machine in {region}, which costs by the second")
    generator.start(responder.image, region, options.size, [*options.load_options, target])
    if options.dry_run:
        generator.show_rest()
        return DONE
    code = generator.wait(options.wait_s)
    if code == ASSERTION_FAILED:
        messages.say("an assertion of hello-load does not hold; see .assertions in its JSON")
    elif code != DONE:
        raise Problem(f"hello-load ended with exit code {code}: {_complaint(generator)}")
    _hand_over(_result(generator), options.output)
    return code


def _complaint(generator: Generator) -> str:
    try:
        return generator.fetch("err") or "no message"
    except Problem as problem:
        problem.report()
        return "no message"


def _result(generator: Generator) -> str:
    try:
        text = generator.fetch("json")
        json.loads(text)
    except (Problem, ValueError) as error:
        if isinstance(error, Problem):
            error.report()
        raise Problem("the result of hello-load did not arrive complete;"
                      " a shorter run prints less: -- -d 10s") from error
    return text


def _hand_over(text: str, output: str) -> None:
    if not output:
        messages.print_result(text)
        return
    try:
        with open(output, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text + "\n")
    except OSError as error:
        raise Problem(f"cannot write '{output}': {error.strerror}; give another --output"
                      " and run this again") from error
