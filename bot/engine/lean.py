"""Rasa without what the engine never uses.

Importing Rasa takes 20 to 30 seconds on a small machine, because it pulls in TensorFlow and the
clients of a dozen chat platforms and databases. An engine process imports it with `stand_ins` for
these. Training, evaluation and the `rasa` command never come here.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import json
import logging
import os
import sys
import tarfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import structlog

from bot.engine.stand_ins import forget, in_use, stand_ins

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

PRELOADED_IF_THERE = ("rasa.engine.recipes.default_recipe", "spacy", "phonenumbers")
"""What most models' components need: imported before the fork, it costs each process nothing."""


# --- which Rasa this process has -----------------------------------------------------------------

_OURS = (
    "bot.nlu",
    "actions",
    *(
        f"bot.engine.{m}"
        for m in (
            "actions",
            "decisions",
            "executor",
            "overrides",
            "processor",
            "remote_actions",
            "replies",
            "runner",
            "slot_filling",
            "state",
            "tracker",
            "walk",
        )
    ),
)


def import_rasa(*, full: bool = False) -> None:
    """Import Rasa into an engine process, lean unless `full`, and put the overrides in place.

    Of a Rasa that is there already, which training may have brought, only the overrides are missing. A
    process that has the lean one and needs the full one (a trainer added a neural component) drops it
    and imports again: slow, and correct.
    """
    if "rasa.core.processor" in sys.modules:
        if not (full and in_use()):
            with as_imported():
                importlib.import_module("bot.engine.overrides").install()
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
    return stand_ins() if in_use() else contextlib.nullcontext()


def _drop_rasa() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in ("rasa", "rasa_sdk") or name.startswith(_OURS):
            del sys.modules[name]
    forget()


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
    # Advice to trainers, who see it when they train.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"rasa\.")
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
