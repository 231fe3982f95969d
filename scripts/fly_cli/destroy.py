"""scripts/fly destroy: the app goes, with its Machines and addresses."""
from fly_cli import messages
from fly_cli.app import App
from fly_cli.flyctl import Flyctl
from fly_cli.messages import Problem
from fly_cli.options import Options


def run(flyctl: Flyctl, options: Options) -> int:
    flyctl.check_login()
    app = App(options.app, flyctl)
    if not app.exists():
        messages.say(f"there is no app '{app.name}' that you can see: nothing to destroy")
        return 0
    messages.say(f"'{app.name}' will be destroyed permanently, with its Machines and its addresses,"
                 " which cannot be restored")
    if not options.yes and not options.dry_run:
        _confirm(app.name)
    if not flyctl.change("apps", "destroy", app.name, "--yes"):
        raise Problem(f"cannot destroy '{app.name}'; fix what flyctl reports above and run this again")
    return 0


def _confirm(name: str) -> None:
    if not messages.has_terminal():
        raise Problem("no terminal to ask on, so nothing is destroyed; if you are sure: --yes")
    if messages.question("Type its name to go on: ") != name:
        raise Problem("that is not its name, so nothing is destroyed")
