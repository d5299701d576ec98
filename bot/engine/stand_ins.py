"""Inert stand-ins for packages that Rasa imports and an engine process never uses.

They are served while Rasa is being imported, and only then: names that can be subclassed, used as
decorators and in annotations, and that raise when a program tries to use them afterwards.
"""

from __future__ import annotations

import abc
import contextlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

_RASA_CHANNELS = (
    "botframework",
    "callback",
    "console",
    "facebook",
    "hangouts",
    "mattermost",
    "rasa_chat",
    "rest",
    "rocketchat",
    "slack",
    "socketio",
    "telegram",
    "twilio",
    "twilio_voice",
    "webexteams",
)
_RASA_NEURAL = (
    "callback",
    "crf",
    "data_generator",
    "layers",
    "layers_utils",
    "metrics",
    "model_data",
    "model_data_utils",
    "models",
    "rasa_layers",
    "transformer",
)

STAND_INS = frozenset(
    {
        # The neural half of Rasa; `needs_full_rasa` looks whether a model has a use for it.
        "tensorflow",
        "tensorflow_addons",
        "tensorflow_hub",
        "tensorflow_text",
        "keras",
        *(f"rasa.utils.tensorflow.{name}" for name in _RASA_NEURAL),
        # Rasa's own connectors and their platforms: Baton has its own channels.
        *(f"rasa.core.channels.{name}" for name in _RASA_CHANNELS),
        # Tracker stores, lock stores, brokers and jobs: the engine keeps no truth.
        "rasa.core.tracker_store",
        "rasa.core.lock_store",
        "rasa.core.brokers",
        "rasa.core.jobs",
        "rasa.core.http_interpreter",
        # Rasa's server, command line, telemetry and its other graph runner.
        "rasa.cli",
        "rasa.telemetry",
        "rasa.engine.runner.dask",
        "sanic",
        "sanic_cors",
        "sanic_jwt",
        "jwt",
        "questionary",
        "matplotlib",
        "dask",
        "networkx",
        "apscheduler",
        "portalocker",
        "randomname",
        "boto3",
        "botocore",
        "confluent_kafka",
        "aio_pika",
        "pymongo",
        "sqlalchemy",
        # What spaCy's blank pipelines, which find our entities, never use.
        "spacy.cli",
        "h5py",
    }
)
"""Packages and modules that are replaced, each with everything below it."""


class StandInUsed(RuntimeError):
    """Something that was left out of this process is needed after all."""


class _Meta(abc.ABCMeta):
    """Classes that answer for any name below them while Rasa is imported."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") or not _finder.active:
            raise AttributeError(name)
        return _stand_in(f"{cls.__module__}.{cls.__qualname__}", name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if not cls.__dict__.get("_baton_stand_in"):
            return super().__call__(*args, **kwargs)
        if not _finder.active:
            raise StandInUsed(
                f"{cls.__module__}.{cls.__qualname__} is left out of engine processes; "
                "see bot/engine/stand_ins.py."
            )
        return cls

    def __or__(cls, other: Any) -> Any:
        return cls

    def __ror__(cls, other: Any) -> Any:
        return other

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __getitem__(cls, key: Any) -> Any:
        return cls


def _stand_in(module: str, name: str) -> Any:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise StandInUsed(f"{module}.{name} is left out of engine processes; see bot/engine/stand_ins.py.")

    return _Meta(name, (), {"__module__": module, "_baton_stand_in": True, "__init__": refuse})


class _Module(types.ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _stand_in(self.__name__, name)
        setattr(self, name, value)
        return value


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves the stand-ins while `active`; remembers what it served."""

    def __init__(self) -> None:
        self.active = False
        self.used = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not self.active or not _replaced(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        self.used = True


_finder = _Finder()


def _replaced(fullname: str) -> bool:
    parts = fullname.split(".")
    return any(".".join(parts[:i]) in STAND_INS for i in range(1, len(parts) + 1))


@contextlib.contextmanager
def stand_ins() -> Iterator[None]:
    """Serve stand-ins inside the block; afterwards an import finds the real packages again.

    What Rasa's modules took hold of inside the block stays inert.
    """
    if _finder.active:
        yield
        return
    # A replaced package that the process already has (an operator's own code) stays as it is.
    sys.meta_path.insert(0, _finder)
    _finder.active = True
    try:
        yield
    finally:
        _finder.active = False
        sys.meta_path.remove(_finder)
        for name in [n for n, m in sys.modules.items() if isinstance(m, _Module)]:
            del sys.modules[name]


def in_use() -> bool:
    """Say whether this process holds modules that were imported with stand-ins."""
    return _finder.used


def forget() -> None:
    """Note that no such module is left."""
    _finder.used = False
