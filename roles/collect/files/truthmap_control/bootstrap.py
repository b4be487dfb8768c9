"""The collector of Truth Map: reads what this host shows, changes nothing, answers on stdout.

The control node pipes this program to `python3 -`. SOURCES and REQUEST hold, compressed, the
sources of the package truthmap_collector (in blocks: what all kinds of probe need, and each of the
kinds asked for) and what to look at; both are loaded from memory and nothing is written to any
file. Runs on Python 3.6 and later. No single quote may stand in this file: in the script made for
running by hand, the program is held between single quotes.
"""

import binascii
import json
import linecache
import sys
import traceback
import zlib
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Optional

__all__ = ["MemoryImporter", "run", "unpacked"]

SOURCES = """
"""

REQUEST = """
"""


class MemoryImporter:
    """Finds and loads modules from a mapping of file name to source, for import and traceback."""

    def __init__(self, sources: Any) -> None:
        """Take the sources (file name to text), and let tracebacks show their lines."""
        self.sources = sources
        for path, text in sources.items():
            # No modification time: linecache then never looks for the file on disk.
            linecache.cache[path] = (len(text), None, text.splitlines(True), path)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """Find a module among the sources, else leave it to the other finders."""
        stem = name.replace(".", "/")
        for origin, package in ((stem + "/__init__.py", True), (stem + ".py", False)):
            if origin in self.sources:
                loader: Any = self
                return ModuleSpec(name, loader, origin=origin, is_package=package)
        return None

    def create_module(self, spec: ModuleSpec) -> None:
        """Let the import system make the module object."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, under the file name the sources give it."""
        origin = module.__spec__.origin if module.__spec__ else None
        module.__file__ = origin
        code = compile(self.sources[str(origin)], str(origin), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is what a loader does


def unpacked(text: str, known: bytes = b"") -> bytes:
    """Return the JSON that a block of SOURCES or REQUEST holds; `known`: see program.py."""
    return zlib.decompressobj(zdict=known).decompress(binascii.a2b_base64(text))


def run(sources: str, request: str) -> int:
    """Load the packed sources and run the collector; returns the exit code."""
    first, *others = sources.split("\n\n")
    always = unpacked(first)
    files = json.loads(always.decode("ascii"))
    for block in others:
        files.update(json.loads(unpacked(block, always).decode("ascii")))
    importer: Any = MemoryImporter(files)
    sys.meta_path.insert(0, importer)
    try:
        from truthmap_collector.main import main  # noqa: PLC0415 - there since the line above

        return main(json.loads(unpacked(request).decode("ascii")))
    except Exception:  # noqa: BLE001 - the interpreter itself cannot show our lines
        traceback.print_exc()
        return 70


if __name__ == "__main__":
    sys.exit(run(SOURCES, REQUEST))
