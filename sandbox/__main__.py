"""Start, look at and stop a local stand-in for AWS and Amazon Redshift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox import control

EXAMPLE = """\
example:
  python -m sandbox start --data sample
  python -m sandbox status
  python -m sandbox stop
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 done, 1 failed or (status) not running, 2 wrong usage."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options))
    except control.SandboxError as problem:
        print(f"error: {problem.what}\nhint: {problem.hint}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("start", _start, "start it in the background, or say where it runs"),
        ("status", _status, "say where it runs"),
        ("stop", _stop, "stop it and remove all that it holds"),
        ("serve", _serve, "run it in the foreground until Ctrl-C"),
    ):
        command = commands.add_parser(name, help=text, allow_abbrev=False)
        command.set_defaults(command=run)
        state_help = "folder for its state (default: %(default)s)"
        command.add_argument("--state", type=Path, default=Path(".sandbox"), help=state_help)
        if name in ("start", "serve"):
            _add_start_options(command)
    return parser


def _add_start_options(command: argparse.ArgumentParser) -> None:
    data_help = 'a folder whose sub-folders are buckets, or "sample" (default)'
    port_help = "port of the AWS APIs, 0 for a free one (default)"
    command.add_argument("--data", default="sample", help=data_help)
    command.add_argument("--port", type=int, default=0, help=port_help)


def _start(options: argparse.Namespace) -> int:
    return _say(control.start(options.state, options.data, options.port))


def _status(options: argparse.Namespace) -> int:
    return _say(control.read_state(options.state))


def _stop(options: argparse.Namespace) -> int:
    stopped = control.stop(options.state)
    print("stopped" if stopped else "no sandbox was running")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from sandbox import server

    return server.serve(options.state, options.data, options.port)


def _say(found: control.State) -> int:
    print(f"AWS APIs       {found.endpoint_url}")
    print(f"CA certificate {found.ca_file}")
    print(f"S3 holds       {found.data}")
    print(f"process        {found.pid}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
