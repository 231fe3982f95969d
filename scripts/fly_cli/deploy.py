"""scripts/fly deploy: makes what is missing, deploys, and reads the greeting from each address."""
from fly_cli import config, messages
from fly_cli.app import Address, App, of_kind
from fly_cli.config import Config
from fly_cli.flyctl import Flyctl
from fly_cli.messages import Problem, WrongUsage
from fly_cli.options import Options
from fly_cli.verification import Verification

# Read at https://fly.io/docs/about/pricing/, as of 2026-08-07.
IPV4_PRICE = "2 USD a month"


def run(flyctl: Flyctl, options: Options) -> int:
    with config.with_size(options.config, options.size) as file:
        return _run(flyctl, options, file)


def _run(flyctl: Flyctl, options: Options, file: str) -> int:
    """file: the configuration that is deployed."""
    flyctl.check_login()
    app = App(options.app, flyctl)
    was_made = app.ensure(options.org)
    settings = config.read(flyctl, app.name, options.config)
    if not settings.is_raw:
        raise WrongUsage(f"in '{options.config}' Fly's proxy speaks TLS or HTTP with clients, and this reads raw greetings;"
                         " deploy it by flyctl, see docs/fly.md:\n"
                         f"    {flyctl.name} deploy --app {app.name} --config {options.config} --ha=false")
    addresses = [] if was_made and options.dry_run else app.addresses()
    _ensure_ipv6(app, addresses)
    _ensure_ipv4(app, addresses, options.ipv4)
    if not _deploy(app, file, options.region):
        raise Problem("the deployment failed; fix what flyctl reports above and run this again; what the Machine says:\n"
                      f"    {flyctl.name} logs --app {app.name}")
    if options.dry_run:
        messages.say("then the greeting would be read from each address")
        return 0
    verification = _verify(app, settings, options.wait_s)
    where = "" if verification.has_way else ", from a host with IPv6"
    messages.print_result(f"Next{where}: nc -6 {app.name}.fly.dev {settings.port} </dev/null")
    return 0


def _deploy(app: App, file: str, region: str) -> bool:
    """One Machine unless there are more already, and built by Fly: no Docker is needed here. Whether it was done."""
    more = ["--primary-region", region] if region else []
    return app.flyctl.change("deploy", ".", "--app", app.name, "--config", file, "--ha=false", "--remote-only", "--yes",
                             *more)


def _ensure_ipv6(app: App, addresses: list[Address]) -> None:
    if of_kind(addresses, "v6"):
        return
    if not app.flyctl.change("ips", "allocate-v6", "--app", app.name):
        raise Problem("cannot allocate an IPv6 address, without which no client reaches the app; fix what flyctl reports\n"
                      "    above and run this again")


def _ensure_ipv4(app: App, addresses: list[Address], wanted: str) -> None:
    """wanted: yes, no or empty, which means to ask."""
    shared = of_kind(addresses, "shared_v4")
    if shared:
        messages.say(f"the shared IPv4 address {', '.join(shared)} does not lead to this service")
    dedicated = of_kind(addresses, "v4")
    if dedicated:
        if wanted == "no":
            messages.say("the dedicated IPv4 address is kept; to release it:"
                         f" {app.flyctl.name} ips release {' '.join(dedicated)} --app {app.name}")
        return
    messages.say("raw TCP cannot work on a shared IPv4 address: there Fly's proxy distinguishes apps by what TLS or HTTP"
                 f" say, which is neither; a dedicated one costs {IPV4_PRICE}; IPv6 is free")
    if not _agrees_to_ipv4(wanted):
        return
    if not app.flyctl.change("ips", "allocate-v4", "--app", app.name, "--yes"):
        raise Problem("cannot allocate an IPv4 address; fix what flyctl reports above, or go on without: --ipv4 no")


def _agrees_to_ipv4(wanted: str) -> bool:
    if wanted:
        return wanted == "yes"
    if not messages.has_terminal():
        messages.say("no terminal to ask on, so without IPv4; to get it: --ipv4 yes")
        return False
    answer = messages.question(f"Allocate a dedicated IPv4 address for {IPV4_PRICE}? [y/N] ")
    return answer.lower().startswith("y")


def _verify(app: App, settings: Config, wait_s: int) -> Verification:
    addresses = app.addresses()
    reachable = [(family, text) for family, kind in (("IPv6", "v6"), ("IPv4", "v4"))
                 for text in of_kind(addresses, kind)]
    if not reachable:
        raise Problem(f"'{app.name}' has no address that leads to it; run this again to allocate one")
    verification = Verification(app, settings, wait_s)
    if not all([verification.verify(family, text) for family, text in reachable]):  # each, also after a failure
        raise Problem("deployed, but not verified; docs/fly.md says what each symptom means; see also:\n"
                      f"    {app.flyctl.name} status --app {app.name}\n"
                      f"    {app.flyctl.name} logs --app {app.name}")
    return verification
