"""Where modules are: Python's own search, by looking at folders, with nothing imported."""

import os
import re
import stat
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from truthmap_collector import host, reading
from truthmap_collector.observation import refusal

__all__ = [
    "Folders",
    "Path",
    "is_broad",
    "is_installed",
    "linked_folders",
    "root_of",
    "search_path",
]

_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "manage.py")
BROAD = set("/ /home /opt /srv /root /var /var/lib /usr/local /tmp /mnt".split())  # noqa: SIM905 - shorter
"""Folders of the system: that a program lies there makes not all of it a project."""

_WIDE = re.compile(r"/home/[^/]+$|/var/www$")
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "dist-packages", "__pypackages__"}
_NAME = re.compile(r"[A-Za-z_]\w*$")


class Path(NamedTuple):
    """Folders modules are looked for in: Python's own, then those we add, which hide no library.

    What a unit's PYTHONPATH or the program itself adds to its path cannot be seen, so the working
    folder and the folders between a script and its project's root are tried as well.
    """

    first: Tuple[str, ...]
    then: Tuple[str, ...]


class _Unlisted(Dict[str, bool]):
    """A folder that cannot be listed, and of which the names may be seen that are asked for.

    Where a list is asked for, or not even a name may be seen, that is noted.
    """

    def __init__(self, folder: str, refused: Dict[str, str], error: OSError) -> None:
        """Hold nothing that can be listed."""
        super().__init__()
        self._folder, self._refused, self._error = folder, refused, error

    def __contains__(self, name: object) -> bool:
        """Say whether it holds something of that name."""
        try:
            os.lstat(host.to_os(os.path.join(self._folder, str(name))))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self._refused[self._folder] = refusal(error)
            return False
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """Return whether that is a folder, the default if there is no such thing."""
        if name not in self:
            return default
        return os.path.isdir(host.to_os(os.path.join(self._folder, name)))

    def __iter__(self) -> Iterator[str]:
        """Note that it cannot be listed."""
        self._refused[self._folder] = refusal(self._error)
        return super().__iter__()


class Folders:
    """What folders hold, each read once; what was refused is noted."""

    def __init__(self) -> None:
        """Begin with no folder read."""
        self.refused: Dict[str, str] = {}
        self._held: Dict[str, Dict[str, bool]] = {}
        self._library = _library()

    def held(self, folder: str) -> Dict[str, bool]:
        """Return the names in a folder and whether each is a folder itself (links followed)."""
        if folder not in self._held:
            found: Dict[str, bool] = {}
            try:
                with os.scandir(host.to_os(folder)) as entries:
                    for entry in entries:
                        found[host.from_os(entry.name)] = _is_folder(entry)
            except FileNotFoundError:
                pass
            except OSError as error:
                found = _Unlisted(folder, self.refused, error)
            self._held[folder] = found
        return self._held[folder]

    def find(self, name: str, path: Path) -> Optional[str]:
        """Return the file of a module, "" for a folder without one; None if it is nowhere here."""
        top = name.partition(".")[0]
        for folders, ours in ((path.first, False), (path.then, True)):
            if top in sys.builtin_module_names or (ours and top in self._library):
                continue
            for folder in folders:
                if self._holds(folder, top):
                    return self._below(folder, name.split("."))
        return None

    def _holds(self, folder: str, top: str) -> bool:
        held = self.held(folder)
        return top + ".py" in held or (held.get(top, False) and self._is_package(folder, top))

    def _is_package(self, folder: str, top: str) -> bool:
        """A folder without `__init__.py` is a package too, but not for one of tests or data."""
        inside = self.held(os.path.join(folder, top))
        return "__init__.py" in inside or any(
            name.endswith(".py") or inside[name] for name in inside
        )

    def _below(self, folder: str, names: List[str]) -> Optional[str]:
        for name in names[:-1]:
            folder = os.path.join(folder, name)
        held = self.held(folder)
        if held.get(names[-1], False):
            inside = os.path.join(folder, names[-1])
            if "__init__.py" in self.held(inside):
                return os.path.join(inside, "__init__.py")
            if names[-1] + ".py" not in held:
                return ""
        return os.path.join(folder, names[-1] + ".py") if names[-1] + ".py" in held else None

    def sources(self, root: str, most: int, late: Callable[[], bool]) -> Iterator[str]:
        """Yield the Python files below a folder, at most so many, until it is late.

        No link is followed, and no other file system entered.
        """
        waiting = [root]
        device = _device(root, follow=True)
        while waiting and most > 0 and not late():
            folder = waiting.pop()
            held = self.held(folder)
            if "pyvenv.cfg" in held:
                continue
            for name in sorted(held):
                path = os.path.join(folder, name)
                if not held[name]:
                    if name.endswith(".py") and most > 0:
                        most -= 1
                        yield path
                elif name not in _SKIPPED and name[0] != "." and _device(path) == device:
                    waiting.append(path)


def _device(folder: str, follow: bool = False) -> Optional[int]:
    """Return the file system a folder is on; None for a link, and for what is gone."""
    try:
        found = os.stat(host.to_os(folder), follow_symlinks=follow)
    except OSError:
        return None
    return found.st_dev if stat.S_ISDIR(found.st_mode) else None


def _is_folder(entry: "os.DirEntry[bytes]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads in circles


def search_path(script_folder: str, cwd: str, root: str, more: List[str], python: str) -> Path:
    """Return where a program's modules are looked for. `more` are the declared folders."""
    first = [script_folder, *linked_folders(python)]
    then = [cwd] + list(_upwards(script_folder, root)) + more
    return Path(_once(first), tuple(one for one in _once(then) if one not in first))


def _once(folders: List[str]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in folders if one and one not in BROAD))


def _upwards(folder: str, root: str) -> Iterator[str]:
    while folder.startswith(root) and len(folder) > len(root):
        folder = os.path.dirname(folder)
        yield folder


def root_of(folder: str, declared: List[str], folders: Folders) -> str:
    """Return the top of the project a folder belongs to; the folder itself if nothing tells."""
    for root in declared:
        if folder == root or folder.startswith(root.rstrip("/") + "/"):
            return root
    here, marked = folder, ""
    while not is_broad(here):
        held = folders.held(here)
        if ".git" in held:
            return here
        if not marked and any(mark in held for mark in _MARKS):
            marked = here
        here = os.path.dirname(here)
    return marked or folder


def is_broad(folder: str) -> bool:
    """Say whether a folder holds more than one project: the system's, a user's, all web sites."""
    return folder in BROAD or _WIDE.match(folder) is not None


def is_installed(path: str) -> bool:
    """Say whether a file was installed as a library, and so is not the application's own."""
    return "/site-packages/" in path or "/dist-packages/" in path


def linked_folders(python: str) -> Iterator[str]:
    """Yield the folders a virtual environment links to (`pip install --editable`)."""
    lib = os.path.join(os.path.dirname(os.path.dirname(python)), "lib")
    if not python.startswith("/") or python.startswith("/usr/bin/"):
        return
    try:
        names = sorted(os.listdir(host.to_os(lib)))
        for name in names:
            site = os.path.join(lib, host.from_os(name), "site-packages")
            if not name.startswith(b"python") or not os.path.isdir(host.to_os(site)):
                continue
            for file in sorted(os.listdir(host.to_os(site))):
                if file.endswith(b".pth"):
                    whole = host.from_os(reading.head(os.path.join(host.to_os(site), file), 65536))
                    yield from (line.strip() for line in whole.splitlines() if line[:1] == "/")
    except (OSError, reading.NotRegularError):
        return


def _library() -> Set[str]:
    """Return the top names of this Python's standard library."""
    try:
        names = os.listdir(os.path.dirname(os.__file__))
    except OSError:
        names = []
    return {
        one[:-3] if one.endswith(".py") else one for one in names if _NAME.match(one[:-3] or one)
    }
