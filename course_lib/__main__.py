"""The course's commands: ``python -m course_lib`` with ``doctor`` or ``train NAME``."""

import argparse
import io
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

STOPPED = 130  # what shells say of a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 good, 1 the answer is bad, 2 wrong usage, 130 stopped by hand (Ctrl-C or SIGTERM).
    """
    parser = argparse.ArgumentParser(prog="python -m course_lib")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="check this machine, the packages and the files")
    doctor.set_defaults(run=_doctor)

    train = commands.add_parser("train", help="train a pretrained model again, by its recipe")
    train.add_argument("name", metavar="NAME", help="a recipe's name; a wrong one lists them all")
    train.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    train.add_argument("--out", type=Path, metavar="DIR", help="where checkpoints and model go")
    train.set_defaults(run=_train)

    # A terminal of another encoding must get a question mark, not a traceback, for an accent.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")

    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except (OSError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED


def _doctor(options: argparse.Namespace) -> int:
    from course_lib import doctor

    lines = doctor.report()
    doctor.show(lines)
    return 0 if doctor.healthy(lines) else 1


def _train(options: argparse.Namespace) -> int:
    from course_lib import recipes

    if options.name not in recipes.names():
        known = ", ".join(recipes.names())
        print(f"Error: no recipe is named {options.name!r}. There are: {known}", file=sys.stderr)
        return 2
    from course_lib import training

    # The end of a session, a queue's time limit and `kill` send SIGTERM: it stops as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, training.interrupt)
    try:
        done = recipes.train(options.name, resume=options.resume, out=options.out)
    finally:
        signal.signal(signal.SIGTERM, before)
    return STOPPED if done is None else 0


if __name__ == "__main__":
    sys.exit(main())
