"""Which models there are and which one answers: `registry.json` beside them. No Rasa here."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bot.domain.errors import ConfigError, NotFound

FILE = "registry.json"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ModelEntry:
    """A trained model. `path` is relative to the folder of all models; `created` is ISO 8601, UTC.

    `hash` is of the data that it was trained from, `by` who trained it, `note` why.
    """

    id: str
    path: str
    hash: str
    created: str
    metrics: dict[str, Any] = field(default_factory=dict)
    rolled_back: bool = False
    """An operator went back from this model: training does not bring it back by itself."""
    by: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of the registry with its files."""

    entry: ModelEntry
    folder: Path
    live: bool = False
    previous: bool = False

    @property
    def id(self) -> str:
        """Return the model's name."""
        return self.entry.id

    @property
    def path(self) -> Path:
        """Return where the Rasa model is."""
        return self.folder.parent / self.entry.path

    @property
    def responses(self) -> Path:
        """Return where the response catalogue is."""
        return self.folder / "responses.json"

    @property
    def usable(self) -> bool:
        """Say whether the model's files are there."""
        return self.path.is_file() and self.responses.is_file()


@dataclass(frozen=True, kw_only=True)
class _Registry:
    models: tuple[ModelEntry, ...] = ()
    live: str = ""
    previous: str = ""


def list_models(models: Path) -> list[Model]:
    """Return all models, newest first. Raises ConfigError for an unreadable registry."""
    registry = _read(models)
    return [_model(models, registry, entry) for entry in reversed(registry.models)]


def live_model(models: Path) -> Model | None:
    """Return the model that answers, None when there is none or its files are gone."""
    return next((model for model in list_models(models) if model.live and model.usable), None)


def find_hash(models: Path, content_hash: str) -> Model | None:
    """Return the newest usable model that was trained from this content."""
    return next((m for m in list_models(models) if m.entry.hash == content_hash and m.usable), None)


def find(models: Path, model_id: str) -> Model:
    """Return a model by its id. Raises NotFound."""
    model = next((m for m in list_models(models) if m.id == model_id), None)
    if model is None:
        raise NotFound(f"There is no model {model_id}; `baton models` lists them.")
    return model


def register(models: Path, entry: ModelEntry) -> None:
    """Add a model; an entry with the same id is replaced."""
    with _locked(models) as registry:
        others = tuple(m for m in registry.models if m.id != entry.id)
        _write(models, replace(registry, models=(*others, entry)))


def note_metrics(models: Path, model_id: str, metrics: Mapping[str, Any]) -> None:
    """Add figures to a model's entry; other figures stay. Does nothing when there is no such entry."""
    with _locked(models) as registry:
        entries = tuple(
            replace(m, metrics={**m.metrics, **metrics}) if m.id == model_id else m for m in registry.models
        )
        if entries != registry.models:
            _write(models, replace(registry, models=entries))


def promote(models: Path, model_id: str) -> Model:
    """Make a model live. Raises NotFound, also when its files are gone."""
    with _locked(models) as registry:
        entry = next((m for m in registry.models if m.id == model_id), None)
        if entry is None:
            raise NotFound(f"There is no model {model_id}; `baton models` lists them.")
        if not _model(models, registry, entry).usable:
            raise NotFound(f"The files of model {model_id} are gone; choose another, or run: baton train")
        entries = tuple(replace(m, rolled_back=False) if m is entry else m for m in registry.models)
        previous = registry.previous if registry.live == model_id else registry.live
        _write(models, _Registry(models=entries, live=model_id, previous=previous))
    return find(models, model_id)


def rollback(models: Path) -> Model:
    """Make the model live that was live before. Raises NotFound when there is none."""
    with _locked(models) as registry:
        target = next((m for m in registry.models if m.id == registry.previous), None)
        if target is None or not _model(models, registry, target).usable:
            raise NotFound("There is no earlier model to go back to.")
        entries = tuple(
            replace(m, rolled_back=m.id == registry.live or (m.rolled_back and m is not target))
            for m in registry.models
        )
        _write(models, _Registry(models=entries, live=target.id, previous=registry.live))
    return find(models, target.id)


def _model(models: Path, registry: _Registry, entry: ModelEntry) -> Model:
    return Model(
        entry=entry,
        folder=(models / entry.path).parent,
        live=entry.id == registry.live,
        previous=entry.id == registry.previous,
    )


def _read(models: Path) -> _Registry:
    path = models / FILE
    if not path.is_file():
        return _Registry()
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ConfigError(f"{path} has format {data['format']}, this version reads {FORMAT}")
        known = {f.name for f in fields(ModelEntry)}  # a later version may have written more
        entries = tuple(ModelEntry(**{k: v for k, v in e.items() if k in known}) for e in data["models"])
        return _Registry(models=entries, live=data["live"], previous=data["previous"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} is damaged ({error}); move it away and train again") from error


def _write(models: Path, registry: _Registry) -> None:
    data = {"format": FORMAT, **asdict(registry)}
    write_atomically(models / FILE, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, sees the old text or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)  # a server may run under another account than the trainer
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(models: Path) -> Iterator[_Registry]:
    """Give the present registry to one process at a time."""
    models.mkdir(parents=True, exist_ok=True)
    with (models / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield _read(models)
