"""What an error of the server means for the survey, and what to do about it."""

import re
from typing import Optional

from truthmap_collector.observation import DENIED, ERROR, Verdict
from truthmap_collector.redis.transport import ErrorReply

__all__ = [
    "final",
    "is_final",
    "knows_no_users",
    "needs_no_password",
    "of_first_command",
    "wrong_password",
]

_COMMAND = re.compile(r"'([a-z|-]+)' command", re.IGNORECASE)
_NO_PASSWORD_SET = re.compile(r"without any password configured|no password is set")
_VARIABLES = "probe_redis_username and probe_redis_password, or probe_redis_credentials"

_FINAL = {
    "LOADING": "the server is loading its data into memory: collect again when it has",
    "MASTERDOWN": "a replica that has lost its primary and is set to answer nothing meanwhile",
}


def is_final(error: ErrorReply) -> bool:
    """Say whether an error concerns the whole server, so that asking on is of no use."""
    return error.code in _FINAL


def final(error: ErrorReply) -> Verdict:
    """Return the verdict for an error that concerns the whole server."""
    return Verdict(ERROR, "{}: {}".format(error.code, _FINAL[error.code]))


def of_first_command(error: ErrorReply, user: Optional[str] = None) -> Verdict:
    """Return the verdict when not even INFO is answered. `user` is who we are to the server."""
    if is_final(error):
        return final(error)
    if error.code == "NOAUTH":
        return Verdict(DENIED, "NOAUTH: the server asks for a password: set " + _VARIABLES)
    if error.code == "NOPERM":
        return Verdict(
            DENIED,
            "NOPERM: the user {} may not run {}: grant it +{}".format(
                user or "default", _named(error), _named(error)
            ),
        )
    if error.code == "DENIED":
        return Verdict(
            DENIED,
            "DENIED: the server is in protected mode and takes no connections from elsewhere: "
            "survey it from its own host, or give it a password",
        )
    return Verdict(ERROR, "INFO was refused: {}".format(error), free_text=True)


def knows_no_users(error: ErrorReply) -> bool:
    """Say whether AUTH was refused because it takes the password alone (before Redis 6)."""
    return error.lower().startswith("err wrong number of arguments")


def needs_no_password(error: ErrorReply) -> bool:
    """Say whether AUTH was refused because no password is set: then none is needed."""
    return bool(_NO_PASSWORD_SET.search(error))


def wrong_password(error: ErrorReply, user: Optional[str]) -> Verdict:
    """Return the verdict when the server does not take the password; its words stay out of it."""
    if is_final(error):
        return final(error)
    return Verdict(
        DENIED,
        "{}: the server does not take the password given for the user {}: check {}".format(
            error.code if error.code.isalpha() else "AUTH", user or "default", _VARIABLES
        ),
    )


def _named(error: ErrorReply) -> str:
    found = _COMMAND.search(error)
    return found.group(1).lower() if found else "info"
