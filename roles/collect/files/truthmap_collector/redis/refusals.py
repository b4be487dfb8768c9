"""What an error of the server means for the survey, and what to do about it."""

import re
from typing import Optional

from truthmap_collector.observation import DENIED, ERROR, Verdict
from truthmap_collector.redis.transport import ErrorReply

__all__ = [
    "WITHHELD",
    "asks_for_password",
    "final",
    "is_final",
    "knows_no_users",
    "lacks_rights",
    "needs_no_password",
    "of_first_command",
    "of_login",
]

_COMMAND = re.compile(r"'([a-z|-]+)' command", re.IGNORECASE)
_NO_PASSWORD_SET = re.compile(r"without any password configured|no password is set")
_VARIABLES = "probe_redis_username and probe_redis_password, or probe_redis_credentials"
WITHHELD = (
    "the server asks for a password, and the one for all servers was not given to it: {}; if it is "
    "yours, give it a login in probe_redis_credentials"
)
_WRONG = ("WRONGPASS", "NOAUTH")
_OTHER = ("DENIED", "NOPERM")
_TOO_MANY = "max number of clients reached"

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


def asks_for_password(error: ErrorReply) -> bool:
    """Say whether a command was refused for want of a login."""
    return error.code == "NOAUTH"


def lacks_rights(error: ErrorReply) -> bool:
    """Say whether a command was refused because the user may not give it."""
    return error.code == "NOPERM"


def of_login(error: ErrorReply, user: Optional[str], asked: bool) -> Verdict:
    """Return the verdict when AUTH is refused. Words not known to us stay out of it.

    Some servers repeat in them what they got, or a part of it. The error's code stands for a server
    that had `asked` for a password.
    """
    if error.code in _WRONG or "invalid password" in error.lower():
        return Verdict(
            DENIED,
            "{}: the server does not take the password given for the user {}: check {}".format(
                error.code if asked and error.code.isalpha() else "AUTH",
                user or "default",
                _VARIABLES,
            ),
        )
    if is_final(error) or error.code in _OTHER:
        return of_first_command(error, user)
    said = _TOO_MANY if _TOO_MANY in error else "in words that are not shown"
    return Verdict(ERROR, "AUTH was refused: {}".format(said))


def _named(error: ErrorReply) -> str:
    found = _COMMAND.search(error)
    return found.group(1).lower() if found else "info"
