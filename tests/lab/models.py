"""The reference host's models: files on disk, whole and not, and what its engine says of them.

The engine says at its start which models it has loaded and for which it makes do with a dummy; one
family (tft) it does not mention.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from .hosts import LabHost

__all__ = [
    "DIRECTORY",
    "ENGINE",
    "FALLBACK",
    "LOADED",
    "PLANTED",
    "START_LINES",
    "ModelFile",
    "engine_arguments",
    "model_files",
    "provision_models",
]

DIRECTORY = "/home/qt/quantum_trader/models"
ENGINE = "quantum-ai-engine"
_SAID = "/opt/quantum/etc/engine-start.txt"

FALLBACK = {"NHiTS": ("BTCUSDT", "ETHUSDT", "SOLUSDT"), "PatchTST": ("BTCUSDT", "ETHUSDT")}
LOADED = {"XGBoost": ("BTCUSDT", "ETHUSDT"), "LightGBM": ("BTCUSDT", "XRPUSDT")}
"""Model -> symbols of which the engine says so."""

PLANTED = "q7Rk2ZpV9xLm4TnB8sWd"
"""In a line of the engine's, in a file beside the models, and nowhere in a report."""

START_LINES = (
    *(f"[{m}] {s}: dummy fallback, no model" for m, symbols in FALLBACK.items() for s in symbols),
    *(f"[{m}] {s}: model loaded" for m, symbols in LOADED.items() for s in symbols),
    f"exchange client ready, api_key={PLANTED}",
    f"[NHiTS] {PLANTED}: dummy fallback, no model",
)


@dataclass(frozen=True)
class ModelFile:
    """A file below `DIRECTORY`: its bytes, and how many days old it is."""

    path: str
    content: bytes
    days: int = 2


def model_files() -> Iterator[ModelFile]:
    """Yield the files: one empty, one cut short, one family stale, two versions the same."""
    yield ModelFile("nhits/nhits_v2.pt", _torch("nhits"), days=20)
    yield ModelFile("nhits/nhits_v3.pt", _torch("nhits"))
    yield ModelFile("patchtst/patchtst_v1.pt", _torch("patchtst")[:-40])
    yield ModelFile("tft/tft_model.pt", _torch("tft"), days=45)
    yield ModelFile("xgboost/xgb_BTCUSDT.json", _xgboost(0.5))
    yield ModelFile("xgboost/xgb_ETHUSDT.json", _xgboost(0.6))
    yield ModelFile("lgbm/lgbm_BTCUSDT.txt", _lightgbm())
    yield ModelFile("lgbm/lgbm_ETHUSDT.txt", b"")
    yield ModelFile("credentials.txt", f"{PLANTED}\n".encode())
    yield ModelFile("README.md", b"Trained models, one folder a family.\n")


def engine_arguments(unit: str) -> list[str]:
    """Return what makes service.py speak as the engine; nothing for any other unit."""
    return [f"--say={_SAID}"] if unit == ENGINE else []


def provision_models(host: LabHost) -> None:
    """Write the files, and what the engine will say; before it is started."""
    host.put(_SAID, "\n".join(START_LINES) + "\n")
    lines = [f"rm -rf {DIRECTORY}"]
    for file in model_files():
        path = f"{DIRECTORY}/{file.path}"
        text = base64.b64encode(file.content).decode()
        lines.append(f"mkdir -p $(dirname {path}) && echo '{text}' | base64 -d > {path}")
        lines.append(f"touch -d '{file.days} days ago' {path}")
    lines.append(f"ln -s nhits_v3.pt {DIRECTORY}/nhits/nhits_latest.pt")
    lines.append(f"chown -R qt:qt {DIRECTORY.rpartition('/')[0]}")
    host.run("set -e\n" + "\n".join(lines))


def _torch(name: str) -> bytes:
    """A zip as torch.save writes one, without weights anyone trained."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for part, content in (("data.pkl", b"\x80\x02}."), ("data/0", name.encode() * 500)):
            archive.writestr(zipfile.ZipInfo(f"{name}/{part}", (1980, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def _xgboost(score: float) -> bytes:
    model = {"gradient_booster": {"name": "gbtree"}, "learner_model_param": {"base_score": score}}
    return json.dumps({"learner": model, "version": [2, 0, 3]}).encode()


def _lightgbm() -> bytes:
    lines = ("tree", "version=v4", "num_class=1", "", "Tree=0", "leaf_value=0.1 0.2", "")
    return "\n".join((*lines, "end of trees", "", "pandas_categorical:null", "")).encode()
