"""Kind `command`: an argument list, never a shell."""

import shlex
from typing import Any, Dict

from truthmap_collector import host, process
from truthmap_collector.observation import ABSENT, Verdict, from_os_error
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Run `argv`. Whatever its exit code, it ran: what that means is judged elsewhere."""
    argv = args["argv"]
    try:
        end = process.run(argv, turn.stdout, turn.stderr, turn.deadline, turn.groups)
    except OSError as error:
        return _not_started(argv[0], error)
    if end.timed_out:
        return turn.timed_out()._replace(exit_code=end.exit_code, signal=end.signal)
    return Verdict("collected", None, end.exit_code, end.signal)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the command line, quoted for a shell."""
    return " ".join(shlex.quote(word) for word in args["argv"])


def _not_started(program: str, error: OSError) -> Verdict:
    verdict = from_os_error(error, program)
    found = host.find_program(program)
    if verdict.outcome == ABSENT and found:
        # execve(2) says ENOENT for a script whose interpreter does not exist, too.
        return Verdict(ABSENT, "{} is there, but the interpreter it names is not".format(found))
    return verdict
