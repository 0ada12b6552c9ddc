"""The command `glossa`."""

from __future__ import annotations

import signal
import sys

from ._glossa import command_line


def main() -> int:
    """Runs the command with the program's arguments; returns its exit code."""
    # Python would note Ctrl+C, and look at it when the command is done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command_line(["glossa", *sys.argv[1:]])
