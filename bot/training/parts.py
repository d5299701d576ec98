"""Keeps what parts of a model were trained to, so that only what changed is trained again.

Rasa asks a training cache for each part by a fingerprint of its settings and of all that it is made from.
Import this after Rasa. What Rasa cannot see (our components' code, versions, an encoder's files) is in the
name of the folder; see `Project.parts_key`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rasa.engine.caching import TrainingCache
from rasa.engine.storage.resource import Resource
from rasa.engine.training.components import PrecomputedValueProvider
from rasa.engine.training.graph_trainer import GraphTrainer

MOST = 32
"""Parts that are kept; those that were not used for longest go first."""

_NAMES = {
    "CascadeIntentClassifier": "intents",
    "PatternEntityExtractor": "entities",
    "MoodDetector": "moods",
    "MemoizationPolicy": "stories",
    "RulePolicy": "rules",
}


class PartCache(TrainingCache):
    """Trained parts as folders: no database, nothing but files that appear and go as a whole."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made if it is not there."""
        self._keys, self._results = folder / "keys", folder / "results"
        for path in (self._keys, self._results):
            path.mkdir(parents=True, exist_ok=True)

    def cache_output(
        self, fingerprint_key: str, output: Any, output_fingerprint: str, model_storage: Any
    ) -> None:
        """Keep a part; of anything else (data on its way through the graph) only the fingerprint."""
        if isinstance(output, Resource) and not (self._results / output_fingerprint).exists():
            made = Path(tempfile.mkdtemp(dir=self._results.parent))
            output.to_cache(made, model_storage)
            with suppress(OSError):  # another training was faster
                made.rename(self._results / output_fingerprint)
        (self._keys / fingerprint_key).write_text(output_fingerprint, encoding="ascii")

    def get_cached_output_fingerprint(self, fingerprint_key: str) -> str | None:
        """Return the fingerprint of what came of these settings and data; None if that is not known."""
        path = self._keys / fingerprint_key
        return path.read_text(encoding="ascii") if path.is_file() else None

    def get_cached_result(self, output_fingerprint_key: str, node_name: str, model_storage: Any) -> Any:
        """Return a part by its fingerprint, None if it is not kept."""
        path = self._results / output_fingerprint_key
        if not path.is_dir():
            return None
        path.touch()
        return Resource.from_cache(node_name, path, model_storage, output_fingerprint_key)

    def tidy(self) -> None:
        """Forget what was not used for longest, and all that other code or versions have made."""
        old = sorted(self._results.iterdir(), key=lambda path: -path.stat().st_mtime)[MOST:]
        here = self._results.parent
        for path in [*old, *(other for other in here.parent.iterdir() if other != here)]:
            shutil.rmtree(path, ignore_errors=True)


class PartTrainer(GraphTrainer):
    """Rasa's trainer, which also says which parts it takes over."""

    def __init__(
        self, model_storage: Any, cache: PartCache, runner: Any, *, progress: Callable[[str], None]
    ) -> None:
        """See Rasa's."""
        super().__init__(model_storage, cache, runner)
        self._progress = progress

    def _prune_schema(self, schema: Any, fingerprint_run_outputs: Any) -> Any:
        pruned = super()._prune_schema(schema, fingerprint_run_outputs)
        parts = {name: node for name, node in schema.nodes.items() if node.is_target and not node.is_input}
        kept = {name for name in parts if pruned.nodes[name].uses is PrecomputedValueProvider}
        self._say(
            "Taken over, for nothing in them changed", [parts[name] for name in parts if name in kept]
        )
        self._say("To be trained", [parts[name] for name in parts if name not in kept])
        return pruned

    def _say(self, what: str, nodes: list[Any]) -> None:
        names = [_NAMES.get(node.uses.__name__, node.uses.__name__) for node in nodes]
        if names:
            self._progress(f"{what}: {', '.join(names)}.")
