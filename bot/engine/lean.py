"""Rasa without what the engine never uses.

Importing Rasa takes 20 to 30 seconds on a small machine, because it pulls in TensorFlow and the
clients of a dozen chat platforms and databases. An engine process needs none of them, so while Rasa
is being imported here, and only then, those packages are served as inert stand-ins: names that can be
subclassed, used as decorators and in annotations, and that raise when a program tries to use them.
Training, evaluation and the `rasa` command never come here.
"""

from __future__ import annotations

import abc
import ast
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import logging
import os
import sys
import tarfile
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

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

NEURAL_COMPONENTS = frozenset(
    {
        "rasa.core.policies.ted_policy",
        "rasa.core.policies.unexpected_intent_policy",
        "rasa.nlu.classifiers.diet_classifier",
        "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
        "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
        "rasa.nlu.selectors.response_selector",
    }
)
"""Modules of Rasa's components that compute with TensorFlow."""

PRELOADED = (
    "rasa.core.processor",
    "rasa.core.actions.forms",
    "rasa.core.actions.two_stage_fallback",
    "rasa.core.nlg.response",
    "rasa.core.policies.ensemble",
    "rasa.core.policies.memoization",
    "rasa.core.policies.rule_policy",
    "rasa.nlu.classifiers.fallback_classifier",
    "rasa.nlu.classifiers.regex_message_handler",
    "rasa_sdk.executor",
)
"""What every turn needs. Components of the model's own come with the model."""

PRELOADED_IF_THERE = ("pkg_resources", "pykwalify.core", "rasa.engine.recipes.default_recipe", "spacy")
"""What most models' components need: imported before the fork, it costs each process nothing."""


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
                "see bot/engine/lean.py."
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
        raise StandInUsed(f"{module}.{name} is left out of engine processes; see bot/engine/lean.py.")

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


# --- which Rasa this process has -----------------------------------------------------------------

_OURS = (
    "bot.nlu",
    "actions",
    *(
        f"bot.engine.{m}"
        for m in (
            "actions",
            "overrides",
            "processor",
            "replies",
            "runner",
            "state",
            "tracker",
        )
    ),
)


def import_rasa(*, full: bool = False) -> None:
    """Import Rasa into an engine process, lean unless `full`, and put the overrides in place.

    Does nothing if it is there already. A process that has the lean one and needs the full one (a
    trainer added a neural component) drops it and imports again: slow, and correct.
    """
    if "rasa.core.processor" in sys.modules:
        if not (full and _finder.used):
            return
        _drop_rasa()
    quiet()
    with contextlib.nullcontext() if full else stand_ins():
        for name in PRELOADED:
            importlib.import_module(name)
        for name in PRELOADED_IF_THERE:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        _fill_spacy()
        importlib.import_module("bot.engine.overrides").install()


def _fill_spacy() -> None:
    # A blank pipeline imports a hundred modules more when the first one is made.
    if "spacy" in sys.modules:
        sys.modules["spacy"].blank("en")


def as_imported() -> contextlib.AbstractContextManager[None]:
    """Import a model's components the same way as Rasa itself."""
    return stand_ins() if _finder.used else contextlib.nullcontext()


def _drop_rasa() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in ("rasa", "rasa_sdk") or name.startswith(_OURS):
            del sys.modules[name]
    _finder.used = False


def quiet() -> None:
    """See to it that Rasa reports to nobody and prints nothing of what customers write.

    This is the one place outside the settings that writes to the environment: Rasa looks there.
    """
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.getLogger("rasa").setLevel(logging.WARNING)
    logging.getLogger("rasa_sdk").setLevel(logging.WARNING)
    # It warns on each form turn that a slot has no validation, which is an ordinary choice.
    logging.getLogger("rasa_sdk.forms").setLevel(logging.ERROR)
    if not structlog.is_configured():
        # Unconfigured, it prints debug events with whole messages in them.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def needs_full_rasa(model_path: Path) -> bool:
    """Say whether a component of the model computes with what the stand-ins replace."""
    return any(_is_neural(module) for module in component_modules(model_path))


def component_modules(model_path: Path) -> set[str]:
    """Return the modules that the model's prediction graph takes its components from."""
    with tarfile.open(model_path) as archive:
        member = next(m for m in archive if Path(m.name).name == "metadata.json" and m.isfile())
        stream = archive.extractfile(member)
        metadata = json.load(stream) if stream is not None else {}
    nodes = metadata["predict_schema"]["nodes"].values()
    return {node["uses"].rpartition(".")[0] for node in nodes}


def _is_neural(module: str) -> bool:
    if module.startswith("rasa."):
        return module in NEURAL_COMPONENTS
    source = _source_of(module)
    imported = set(_imports(source)) if source is not None else set()
    return any(
        name in NEURAL_COMPONENTS or name.split(".")[0] in ("tensorflow", "keras") for name in imported
    )


def _source_of(module: str) -> Path | None:
    # Found without importing anything: the component's package may itself import Rasa.
    relative = Path(*module.split("."))
    for folder in [Path(entry or ".") for entry in sys.path]:
        for candidate in (folder / relative.with_suffix(".py"), folder / relative / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
