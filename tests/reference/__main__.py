"""Compare a report with the reference: `python -m tests.reference FOLDER [HOST]`.

FOLDER holds report.txt and report.json, as `truthmap report ARCHIVE --format text --format json
--out FOLDER` writes them. Exits with 1 where an outcome is not the expected one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.reference.comparison import compare
from tests.reference.ours import read
from tests.reference.outcome import ALLOWED
from tests.reference.summary import summary
from tests.reference.table import statements


def main(folder: str, host: str = "reference") -> int:
    """Print what came of every statement."""
    ours = read(Path(folder), host)
    outcomes = {one: compare(one, ours) for one in statements()}
    print("\n".join(summary(outcomes)))
    wrong = [one for one, found in outcomes.items() if found.kind not in ALLOWED[one.expect]]
    print(f"{len(wrong)} not as expected" + "".join(f"\n  {one.id}" for one in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
