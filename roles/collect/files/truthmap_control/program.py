"""The collector as one program: its text, the line of `sh` that starts it, the script for hands."""

from __future__ import annotations

import base64
import functools
import json
import re
import shlex
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import truthmap_collector

from .sources import ALWAYS, grouped

__all__ = ["NO_PYTHON", "REQUEST_SCHEMA", "build", "launcher", "request", "script"]

NO_PYTHON = "TRUTHMAP-NO-PYTHON"
"""First word of the line a host without a usable interpreter answers with."""

REQUEST_SCHEMA = "truthmap/request/1"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_INTERPRETERS = (
    "python3",
    *(f"python3.{minor}" for minor in range(14, 5, -1)),
    "/usr/libexec/platform-python",
)
_FLAGS = "-I -S -B"  # isolated, without site, without byte code files
_SOURCES_MARK = 'SOURCES = """\n"""'
_REQUEST_MARK = 'REQUEST = """\n"""'
_COLUMNS = 100


def request(
    probes: list[dict[str, Any]],
    *,
    fingerprint_key: str | None = None,
    limits: Mapping[str, float] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say what the collector shall do: all probes but those that the control node asks itself.

    `fingerprint_key` is any text that only the controller knows; None leaves it to the collector
    to make one for itself. `limits` are those of `truthmap_collector.limits.Limits`,
    `secrets` what lets probes in, by kind; the answer holds nothing of it.
    """
    return {
        "schema": REQUEST_SCHEMA,
        "probes": [probe for probe in probes if probe.get("where") != "control"],
        "fingerprint_key": fingerprint_key,
        "limits": dict(limits or {}),
        "secrets": dict(secrets or {}),
    }


def build(request: Mapping[str, Any]) -> str:
    """Build the program: ASCII Python source, the same bytes for the same request and sources.

    It holds the sources of the kinds that the request's probes are of.
    """
    frame, sources = _parts()
    kinds = {probe["kind"] for probe in request["probes"]}
    shipped = [sources[kind] for kind in (ALWAYS, *sorted(kinds)) if kind in sources]
    return frame.replace(_SOURCES_MARK, _filled("SOURCES", shipped), 1).replace(
        _REQUEST_MARK, _filled("REQUEST", [_packed(_json(request))]), 1
    )


@functools.cache
def _parts() -> tuple[str, dict[str, str]]:
    """Return the program without sources and request, and the sources by group, packed once."""
    bootstrap = Path(__file__).with_name("bootstrap.py").read_text(encoding="ascii")
    groups = {group: _json(texts) for group, texts in grouped().items() if texts}
    known = groups[ALWAYS]
    sources = {
        group: _packed(text, b"" if group == ALWAYS else known) for group, text in groups.items()
    }
    return bootstrap, sources


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _packed(text: bytes, known: bytes = b"") -> str:
    """Pack a text; the more of it is in `known`, which is there to unpack it, the smaller."""
    packer = zlib.compressobj(9, zdict=known) if known else zlib.compressobj(9)
    packed = base64.b64encode(packer.compress(text) + packer.flush()).decode("ascii")
    return "\n".join(packed[at : at + _COLUMNS] for at in range(0, len(packed), _COLUMNS))


def _filled(name: str, blocks: list[str]) -> str:
    lines = "\n\n".join(blocks)
    return f'{name} = """\n{lines}\n"""'


def launcher(interpreter: str | None = None) -> str:
    """One line of POSIX `sh` that finds an interpreter and runs the program it reads from stdin.

    `interpreter` is the operator's choice (a path, a name, `/usr/bin/env NAME`); one that is
    missing or older than Python 3.6 is passed over. The line holds no single quote, backslash, `!`
    or newline, so it survives being quoted for csh, tcsh and fish.

    Raises ValueError if `interpreter` cannot be a command's name.
    """
    chosen = [_operator_choice(interpreter)] if interpreter and interpreter.strip() else []
    candidates = " ".join([*chosen, *_INTERPRETERS])
    # Asked for its word, not its exit code: /bin/true is no Python.
    check = f'"$p" {_FLAGS} -c "import sys; print(sys.version_info >= (3, 6))" </dev/null'
    return (
        f"PATH={_PATH}; LC_ALL=C; TZ=UTC; export PATH LC_ALL TZ; old=; "
        f"for p in {candidates}; do "
        'command -v "$p" >/dev/null 2>&1 || continue; '
        f'if [ "$({check} 2>/dev/null)" = True ]; then '
        f'set -- "$p" {_FLAGS} -; '
        'command -v nice >/dev/null 2>&1 && set -- nice -n 19 "$@"; '
        'ionice -c 3 true </dev/null >/dev/null 2>&1 && set -- ionice -c 3 "$@"; '
        'exec "$@"; fi; '
        'old="$old $p"; done; '
        f'echo "{NO_PYTHON}$old"; '
        'echo "Truth Map needs Python 3.6 or newer on this host." >&2; '
        "cat >/dev/null; exit 0"
    )


def script(request: Mapping[str, Any]) -> str:
    """Make one self-contained `sh` file for a host that nobody may reach over SSH.

    It runs the same launcher and program as a collection does, writes no file, and prints the
    answer: `sh truthmap-collect.sh > answer`. Its head names every probe, for whoever has to
    approve it.
    """
    program = build(request)
    if "'" in program:
        raise ValueError("the program holds a single quote: it cannot stand in the script")
    probes = "\n".join(f"#   {_comment(probe)}" for probe in request["probes"])
    return f"""#!/bin/sh
# Truth Map collector {truthmap_collector.VERSION}, to be run by hand:
#
#     sh truthmap-collect.sh > answer
#
# Then send the file `answer` to whoever asked for it. Run as root it sees the most; as another
# user, what is denied is recorded as denied. It reads and never writes: no file, no service, no
# setting of this host changes. It needs Python 3.6 or newer and takes at most about a minute.
# What it looks at:
#
{probes}

if [ -t 1 ]; then
    echo "The answer belongs in a file: sh $0 > answer" >&2
    exit 2
fi

program='{program}'

printf '%s\\n' "$program" | {{
    {launcher()}
}}
"""


def _operator_choice(interpreter: str) -> str:
    words = shlex.split(interpreter)
    if Path(words[0]).name == "env" and len(words) > 1:
        words = words[1:]
    choice = words[0]
    if not choice.isprintable() or set(choice) & set("'\"\\!"):
        raise ValueError(f"{interpreter!r} cannot be the name of a Python interpreter")
    if choice.startswith("~/"):
        return '"$HOME"/' + shlex.quote(choice[2:])
    return shlex.quote(choice)


def _comment(probe: Mapping[str, Any]) -> str:
    text = f"{probe['id']}: {probe.get('description', '')}"
    return re.sub(r"[^ -~]+", " ", text).replace("'", "")


# Ansible imports this once and then forks a worker for each host, which finds it done.
_parts()
