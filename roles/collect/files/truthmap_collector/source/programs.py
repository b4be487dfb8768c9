"""Which Python program a command line starts, told from its words alone."""

import json
import os.path
import re
from typing import Dict, Iterator, List, Optional

__all__ = ["folders", "named_in", "target"]

Program = Dict[str, str]

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*$")
_WITH_VALUE = {"-W", "-X", "--check-hash-based-pycs"}
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$")
_ATTRIBUTE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_][\w.()]*$")
# Programs that import what they serve: `uvicorn --app-dir src shop.main:app`, `celery -A shop`.
_SERVERS = {"uvicorn", "gunicorn", "hypercorn", "daphne", "granian", "celery", "faststream", "arq"}
_FOLDERS = {"--app-dir", "--chdir", "--workdir"}
_DISTRIBUTION = re.compile(r"/(?:usr/(?!local/)|bin/|sbin/|lib\w*/|snap/|etc/|run/)")


def named_in(words: List[str], cwd: str) -> Optional[Program]:
    """Return the program a command line starts; None if it is no Python or the distribution's.

    `script` is a path, `module` a dotted name; `program` is an executable of which only its first
    line can tell. `cwd` is where relative ones are looked for, `python` the interpreter.
    """
    at = next((n for n, word in enumerate(words) if _PYTHON.match(os.path.basename(word))), None)
    if at is not None:
        found = _of_python(words[at + 1 :])
        if found:
            found["python"] = words[at]
    elif words and os.path.basename(words[0]) in _SERVERS:
        found = _served(words[1:])
        found["python"] = words[0]
    else:
        found = {"program": words[0]} if words and words[0].startswith("/") else None
    if not found:
        return None
    found["cwd"] = os.path.normpath(os.path.join(cwd or "/", found.pop("folder", "")))
    for kind in ("script", "program"):
        if kind in found:
            found[kind] = os.path.normpath(os.path.join(found["cwd"], found[kind]))
    return found if _is_applications(found) else None


def folders(words: List[str], cwd: str) -> Iterator[str]:
    """Yield the folders of a command's program and of its work that are not the distribution's."""
    found = named_in(words, cwd) or {}
    own = found.get("script") or found.get("program") or ""
    for folder in (os.path.dirname(own), found.get("cwd", cwd)):
        if folder.startswith("/") and folder != "/" and not _DISTRIBUTION.match(folder + "/"):
            yield folder


def target(unit: str, program: Program) -> str:
    """Return a program of a unit as one line of JSON, the same for the same program."""
    return json.dumps(dict(program, unit=unit), sort_keys=True, separators=(",", ":"))


def _of_python(words: List[str]) -> Optional[Program]:
    rest = iter(range(len(words)))
    for at in rest:
        word = words[at]
        if word in _WITH_VALUE:
            next(rest, None)
        elif word.startswith("-m") or (word[:1] == "-" and word[1:2] != "-" and word[-1] == "m"):
            name = (
                word[2:]
                if word.startswith("-m") and len(word) > 2
                else "".join(words[at + 1 :][:1])
            )
            if name in _SERVERS:
                return _served(words[at + 2 :])
            return {"module": name} if _MODULE.match(name) else None
        elif word.startswith("-c") or word == "-":
            return None
        elif not word.startswith("-"):
            if os.path.basename(word) in _SERVERS:
                return _served(words[at + 1 :])
            return {"script": word}
    return None


def _served(words: List[str]) -> Program:
    """Return the module a server imports; empty if its words name none."""
    found: Program = {}
    for word, after in zip(words, words[1:] + [""]):
        option, _, value = word.partition("=")
        attribute = _ATTRIBUTE.match(word)
        if option in _FOLDERS:
            found["folder"] = value or after
        elif option in ("-A", "--app") and _MODULE.match(value or after):
            found["module"] = value or after
        elif attribute and not found.get("module"):
            found["module"] = attribute.group(1)
    return found if "module" in found else {}


def _is_applications(program: Program) -> bool:
    if "module" in program:
        python = program["python"]
        own = os.path.isabs(python) and not _DISTRIBUTION.match(python)
        return own or (program["cwd"] != "/" and not _DISTRIBUTION.match(program["cwd"] + "/"))
    return not _DISTRIBUTION.match(program.get("script") or program["program"])
