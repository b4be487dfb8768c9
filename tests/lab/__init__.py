"""Real systemd, sshd and Redis hosts in containers, for the tests and for `make lab`."""

from .hosts import LabHost, Recipe
from .lab import Lab, default_state_dir
from .podman import LabError

__all__ = ["Lab", "LabError", "LabHost", "Recipe", "default_state_dir"]
