"""Proofs what is set, by the rules of a file that only it reads: `python -m press.proof FILE`."""

import sys
import threading
from pathlib import Path

if __name__ == "__main__":
    print(f"{len(Path(sys.argv[1]).read_text())} letters of rules", flush=True)
    threading.Event().wait()
