"""Who we are to a server: what the operator gave, for this server or for all of the host."""

from typing import Any, Dict, NamedTuple, Optional

__all__ = ["Login", "login_for"]


class Login(NamedTuple):
    """A user's name and password; either may be None. It is never written anywhere."""

    username: Optional[str] = None
    password: Optional[str] = None

    def __repr__(self) -> str:
        """Return nothing that a traceback could give away."""
        return "<login>"

    def without(self, said: str) -> str:
        """Return what a server said with the password taken out: some repeat what they got."""
        if not self.password:
            return said
        return said.replace(self.password, "<password>")


def login_for(endpoint: str, secret: Optional[Dict[str, Any]]) -> Login:
    """Return the login for an endpoint out of the secret of kind `redis`.

    That is {username, password, credentials: {endpoint: {username, password}}}, all optional.
    """
    given = secret or {}
    own = (given.get("credentials") or {}).get(endpoint)
    chosen = own if own is not None else given
    return Login(chosen.get("username") or None, chosen.get("password") or None)
