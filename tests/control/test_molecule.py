"""The molecule scenarios: the whole job, idempotence included, by three ways into a host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import Lab

from .plays import ROOT

pytestmark = pytest.mark.lab

SCENARIOS = sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_scenario_is_green(lab: Lab, tmp_path: Path, scenario: str) -> None:
    """Each brings up a host of its own lab, and leaves nothing of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE")}
    binaries = Path(sys.executable).parent
    done = subprocess.run(
        [binaries / "molecule", "test", "--scenario-name", scenario],
        cwd=ROOT,
        env={
            **kept,
            "PATH": f"{binaries}:{os.environ.get('PATH', os.defpath)}",
            "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path),
            "NO_COLOR": "1",
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    steps = ["destroy", "create", "converge", "idempotence", "verify", "destroy"]
    executed = re.findall(rf"{scenario} [>➜] (\w+): Executed: Successful", said)  # the recap
    assert executed == steps
    assert not (ROOT / ".lab" / f"molecule-{scenario}").exists()
