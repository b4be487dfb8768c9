"""Who we are to a server: what the operator gave, for this server or for all of the host."""

from typing import Any, Dict, NamedTuple, Optional

from truthmap_collector.redis import configuration
from truthmap_collector.turn import Turn

__all__ = ["Login", "login_for"]


class Login(NamedTuple):
    """A user's name and password; either may be None. It is never written anywhere.

    `own` says that it was given for this server. `withheld` says why a general one was not.
    """

    username: Optional[str] = None
    password: Optional[str] = None
    own: bool = False
    withheld: Optional[str] = None

    def __repr__(self) -> str:
        """Return nothing that a traceback could give away."""
        return "<login>"

    def without(self, said: str) -> str:
        """Return what a server said with the password taken out: some repeat what they got."""
        if not self.password:
            return said
        return said.replace(self.password, "<password>")


def login_for(endpoint: str, turn: Turn) -> Login:
    """Return the login for an endpoint out of the turn's secret.

    That is {username, password, credentials: {endpoint: {username, password}},
    use_server_configuration: whether the server's own file may be read}, all optional.
    """
    given: Dict[str, Any] = turn.secret or {}
    own = (given.get("credentials") or {}).get(endpoint)
    chosen = own if own is not None else given
    login = Login(
        chosen.get("username") or None, chosen.get("password") or None, own=own is not None
    )
    if login.password is None and given.get("use_server_configuration") is True:
        return Login(None, configuration.password(endpoint, turn))
    return login
