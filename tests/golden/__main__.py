"""Record the golden archives anew from lab hosts: `python -m tests.golden`.

Collects from the default lab hosts, the reference host with its application's profile, and keeps
each bundle as `NAME.exit-N.json.zst`. Then `pytest tests/golden --rewrite` writes the reports.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zstandard

from tests.fleet.conftest import in_its_running_moment
from tests.lab import Lab
from tests.lab.lab import DEFAULT_HOSTS, default_state_dir

FOLDER = Path(__file__).parent
PROFILE = FOLDER.parents[1] / "inventory" / "example" / "group_vars" / "quantum.yml"
_LOOP_S = 600
COMMAND = Path(sys.executable).parent / "truthmap"


def main() -> None:
    """Collect, then replace the archives."""
    lab = Lab(default_state_dir())
    lab.up(DEFAULT_HOSTS)
    until = time.monotonic() + _LOOP_S
    while not in_its_running_moment(lab.host("reference")):
        if time.monotonic() > until:
            raise SystemExit("the crash loop of the reference host does not loop")
        time.sleep(1)
    with tempfile.TemporaryDirectory() as scratch:
        inventory = lab.write_inventory(Path(scratch) / "inventory.yml", DEFAULT_HOSTS)
        variables = Path(scratch) / "host_vars" / "reference.yml"
        variables.parent.mkdir()
        variables.write_text(PROFILE.read_text())
        run = Path(scratch) / "run"
        subprocess.run([COMMAND, "collect", "-i", inventory, "--archive", run], check=True)
        for old in FOLDER.glob("*.json.zst"):
            old.unlink()
        for name in DEFAULT_HOSTS:
            packed = zstandard.ZstdCompressor(level=19).compress(
                (run / f"{name}.json").read_bytes()
            )
            gate = [str(COMMAND), "report", str(run / f"{name}.json"), "--fail-on", "P2"]
            code = subprocess.run(gate, check=False, capture_output=True).returncode
            (FOLDER / f"{name}.exit-{code}.json.zst").write_bytes(packed)


if __name__ == "__main__":
    main()
