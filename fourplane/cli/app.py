"""The `fourplane` command. Each command imports what it needs when it runs: --help answers at once."""

import gc
import os
import sys
import traceback
from typing import Annotated

import typer
from typer._click.exceptions import ClickException

from fourplane.cli.chaos import chaos
from fourplane.cli.check import check
from fourplane.cli.cost import cost
from fourplane.cli.diagram import diagram
from fourplane.cli.diff import diff
from fourplane.cli.explain import explain
from fourplane.cli.limits import limits
from fourplane.cli.list import list_stacks
from fourplane.cli.preview import preview
from fourplane.cli.rehearse import rehearse
from fourplane.cli.report import report
from fourplane.cli.up import up
from fourplane.errors import Stop

app = typer.Typer(
    name="fourplane",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("list")(list_stacks)
app.command("preview")(preview)
app.command("up")(up)
app.command("explain")(explain)
app.command("diagram")(diagram)
app.command("chaos")(chaos)
app.command("limits")(limits)
app.command("cost")(cost)
app.command("diff")(diff)
app.command("check")(check)
app.command("rehearse")(rehearse)
app.command("report")(report)


@app.callback()
def options(debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False) -> None:
    """Production architectures as Pulumi programs: to look at, to deploy on this machine, or for real."""


def main() -> None:
    gc.disable()  # a command ends before garbage matters, and half of a run's time went into looking for it
    code = run(sys.argv[1:])
    gc.freeze()  # Python's last look for garbage, as it ends, would take longer than a preview
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code. Whatever goes wrong is one line on stderr."""
    debug = "--debug" in arguments
    wanted = [argument for argument in arguments if argument != "--debug"] or ["--help"]
    try:
        code = app(args=wanted, prog_name="fourplane", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        # Python flushes once more as it ends, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ClickException as error:
        return _say(f"{error.format_message()} (fourplane --help shows how)", error.exit_code)
    except Stop as stop:
        if debug and stop.details:
            sys.stderr.write(stop.details)
        return _say(str(stop), stop.exit_code)
    except Exception as error:
        if debug:
            traceback.print_exc()
        hint = "this is a bug in fourplane" + ("" if debug else "; run with --debug for the traceback")
        return _say(f"{type(error).__name__}: {error}; {hint}", 1)


def _say(message: str, code: int) -> int:
    print("error:", " ".join(message.split()), file=sys.stderr)
    return code
