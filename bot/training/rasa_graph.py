"""Training with Rasa's own graph, in this process.

`rasa.model_training` is not used: it brings telemetry, a training cache on disk and the server's
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

    try:
        found = TrainingDataImporter.load_from_config(
            str(project.config), str(project.domain), [str(path) for path in project.data]
        )
        found.get_domain(), found.get_stories(), found.get_nlu_data()
    except Exception as error:  # Rasa and its YAML reader raise a dozen unrelated classes here.
        raise ConfigError(_one_line(error)) from error
    return found


def train_graph(data: Any, output: Path) -> None:
    """Train everything and write the model archive. Raises ConfigError for contradicting data."""
    import rasa.engine.validation
    from rasa.engine.exceptions import GraphComponentException, GraphSchemaException
    from rasa.engine.exceptions import GraphSchemaValidationException as InvalidGraph
    from rasa.engine.recipes.recipe import Recipe
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.training.graph_trainer import GraphTrainer
    from rasa.shared.data import TrainingType
    from rasa.shared.exceptions import RasaException

    config = data.get_config()
    recipe = Recipe.recipe_for_name(config.get("recipe"))
    try:
        model = recipe.graph_config_for_recipe(config, {}, training_type=TrainingType.BOTH)
        rasa.engine.validation.validate(model)
        with tempfile.TemporaryDirectory() as folder:
            trainer = GraphTrainer(LocalModelStorage(Path(folder)), _no_cache(), DaskGraphRunner)
            trainer.train(model, data, output, force_retraining=True)
    except GraphComponentException as error:
        cause = error.__cause__
        # Anything else is a mistake of ours, not of the trainers', and needs its traceback.
        if not isinstance(cause, (RasaException, ValueError)):
            raise
        raise ConfigError(_one_line(cause)) from error
    except (RasaException, GraphSchemaException, InvalidGraph) as error:
        raise ConfigError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _no_cache() -> Any:
    """Return a training cache that keeps nothing: everything is trained in seconds."""
    from rasa.engine.caching import TrainingCache

    class NoCache(TrainingCache):
        def cache_output(self, *args: Any, **kwargs: Any) -> None:
            """Forget."""

        def get_cached_output_fingerprint(self, *args: Any, **kwargs: Any) -> None:
            """Know nothing."""

        def get_cached_result(self, *args: Any, **kwargs: Any) -> None:
            """Have nothing."""

    return NoCache()
