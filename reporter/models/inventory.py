"""The model files of a host by family, and why some may be missing from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reporter.findings import Missing
from reporter.models.recognition import Kin, family_of
from reporter.parsers.model_folders import ModelFolder, ModelFolders, StoredFile
from reporter.profile import Profiles

__all__ = ["Inventory", "Model", "inventory_of"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model file of a family, in a folder."""

    file: StoredFile
    kin: Kin
    folder: str


@dataclass(frozen=True)
class Inventory:
    """The folders looked at, with their models.

    `gaps` say why a model that is not in it may be on the host all the same; `asked` is whether
    the run looked for any.
    """

    named: tuple[ModelFolder, ...]
    found: tuple[ModelFolder, ...]
    models: tuple[Model, ...]
    gaps: tuple[Missing, ...]
    asked: bool

    def below(self, folder: str) -> tuple[Model, ...]:
        """Return the models in one folder."""
        return tuple(model for model in self.models if model.folder == folder)

    def of(self, kin: Kin) -> tuple[Model, ...]:
        """Return the models of one family, the newest first."""
        found = [model for model in self.models if model.kin == kin]
        return tuple(sorted(found, key=lambda one: (-(one.file.modified or 0), one.file.path)))

    @property
    def families(self) -> tuple[Kin, ...]:
        """The families there are files of, ordered by name."""
        kin = {model.kin for model in self.models}
        return tuple(sorted(kin, key=lambda one: (one.name, one.application or "")))


def inventory_of(
    profiles: Profiles, named: ModelFolders | Missing, found: ModelFolders | Missing
) -> Inventory:
    """Gather the models of the folders an operator named and of those that were found."""
    gaps = [one for one in (named, found) if isinstance(one, Missing)]
    for one in (named, found):
        if not isinstance(one, Missing):
            gaps.extend(one.gaps())
    asked_for = () if isinstance(named, Missing) else named.folders
    beside = () if isinstance(found, Missing) else found.folders
    if isinstance(named, Missing):
        # What a link leads to may be a folder that was named, and is judged by its name there.
        beside = tuple(folder for folder in beside if folder.real == folder.path)
    others = tuple(_once(beside, asked_for))
    models: dict[str, Model] = {}
    for folder in (*asked_for, *others):
        for model in _models(folder, profiles):
            models.setdefault(folder.real + model.file.path.removeprefix(folder.path), model)
    return Inventory(
        named=asked_for,
        found=tuple(folder for folder in others if any(_models(folder, profiles))),
        models=tuple(models.values()),
        gaps=tuple(gaps),
        asked=not (isinstance(named, Missing) and isinstance(found, Missing)),
    )


def _once(folders: Iterable[ModelFolder], known: Iterable[ModelFolder]) -> Iterator[ModelFolder]:
    """Yield the folders that are none of the known ones, each once, whatever links lead there."""
    seen = {place for folder in known for place in (folder.path, folder.real)}
    for folder in folders:
        if seen.isdisjoint((folder.path, folder.real)):
            seen.add(folder.real)
            yield folder


def _models(folder: ModelFolder, profiles: Profiles) -> Iterator[Model]:
    for file in folder.files:
        kin = family_of(file, folder.path, profiles)
        if kin is not None:
            yield Model(file, kin, folder.path)
