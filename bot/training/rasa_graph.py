"""Training with Rasa's own graph, in this process.

`rasa.model_training` is not used: it brings telemetry, a training cache in a database and the server's
imports. What remains of it is the few steps below. When every component is known to work without
TensorFlow, Rasa is imported without it, which is 20 seconds faster on a small machine.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from bot.domain.errors import ConfigError
from bot.training.project import Project

_MODULES = (
    "rasa.engine.recipes.default_recipe",
    "rasa.engine.recipes.default_components",
    "rasa.engine.runner.dask",
    "rasa.engine.storage.local_model_storage",
    "rasa.engine.training.graph_trainer",
    "rasa.engine.validation",
    "rasa.graph_components.validators.default_recipe_validator",
    "rasa.shared.importers.importer",
    "rasa.validator",
    "bot.nlu.classifier",
    "bot.nlu.entities",
    "bot.nlu.fallback",
)
"""What training uses. Rasa imports some of these late, where the stand-ins would no longer serve."""


def quiet() -> None:
    """Set the limits and switches that libraries read from the environment when they are imported."""
    for name, value in {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }.items():
        os.environ.setdefault(name, value)
    # Nothing leaves the process, whatever the caller's environment says.
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    # Rasa shows its progress bars unless this says that nobody looks.
    os.environ["LOG_LEVEL"] = "ERROR"
    logging.getLogger("rasa").setLevel(logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    warnings.filterwarnings("ignore", module=r"(rasa|packaging|pkg_resources|google|tensorflow|jax).*")
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def import_rasa(*, lean: bool) -> None:
    """Import what training needs of Rasa; `lean` leaves TensorFlow and Rasa's server out."""
    with contextlib.ExitStack() as stack:
        if lean:
            from bot.engine.stand_ins import stand_ins

            stack.enter_context(stand_ins())
        for name in _MODULES:
            importlib.import_module(name)


def importer(project: Project) -> Any:
    """Return Rasa's reader of the project. Raises ConfigError for files it cannot read."""
    from rasa.shared.importers.importer import TrainingDataImporter

    from bot.training.reading_once import reading_once

    try:
        with reading_once():
            found = TrainingDataImporter.load_from_config(
                str(project.config), str(project.domain), [str(path) for path in project.data]
            )
            found.get_domain(), found.get_stories(), found.get_nlu_data()
    except Exception as error:  # Rasa and its YAML reader raise a dozen unrelated classes here.
        raise ConfigError(_one_line(error)) from error
    return found


def train_graph(
    data: Any,
    output: Path,
    *,
    parts: Path,
    force: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Train what is not kept in `parts`, or everything, and write the model archive.

    Raises ConfigError for contradicting data.
    """
    import rasa.engine.validation
    from rasa.engine.exceptions import GraphComponentException, GraphSchemaException
    from rasa.engine.exceptions import GraphSchemaValidationException as InvalidGraph
    from rasa.engine.recipes.recipe import Recipe
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.shared.data import TrainingType
    from rasa.shared.exceptions import RasaException

    from bot.training.parts import PartCache, PartTrainer

    config = data.get_config()
    recipe = Recipe.recipe_for_name(config.get("recipe"))
    try:
        model = recipe.graph_config_for_recipe(config, {}, training_type=TrainingType.BOTH)
        rasa.engine.validation.validate(model)
        with tempfile.TemporaryDirectory() as folder:
            cache = PartCache(parts)
            storage = LocalModelStorage(Path(folder))
            trainer = PartTrainer(storage, cache, DaskGraphRunner, progress=progress)
            trainer.train(model, _examples_alone(data), output, force_retraining=force)
            cache.tidy()
    except GraphComponentException as error:
        cause = error.__cause__
        # Anything else is a mistake of ours, not of the trainers', and needs its traceback.
        if not isinstance(cause, (RasaException, ValueError)):
            raise
        raise ConfigError(_one_line(cause)) from error
    except (RasaException, GraphSchemaException, InvalidGraph) as error:
        raise ConfigError(_one_line(error)) from error


def _examples_alone(data: Any) -> Any:
    """Leave out what Rasa adds to the examples from stories: a new action is no reason to learn them anew.

    It is for policies that read the texts of end-to-end stories, and kept where a story has such texts.
    """
    from rasa.shared.importers.importer import E2EImporter

    events = [event for step in data.get_stories().story_steps for event in step.events]
    texts = any(getattr(event, "action_text", None) or getattr(event, "text", None) for event in events)
    return data.importer if isinstance(data, E2EImporter) and not texts else data


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
