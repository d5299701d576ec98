"""Cross-validation: each of a project's own examples is read by a classifier that has not seen it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bot.domain.errors import ConfigError
from bot.training.evaluate import CLASSIFIER, FALLBACKS, Understanding, fallback
from bot.training.examples import OURS, bare, plain_words, read_examples
from bot.training.measure import Prediction, Row

if TYPE_CHECKING:
    from bot.nlu.encoders import Encoder, Floats

Progress = Callable[[str], None]


def cross_validate(project: Path, parts: int, progress: Progress) -> tuple[list[Row], list[Prediction]]:
    """Return the examples and what classifiers trained on the other parts make of them.

    Raises ConfigError for data that cannot be used.
    """
    rows = _rows(project)
    if parts > len(rows) or len({row.intent for row in rows}) < 2:
        raise ConfigError(f"{len(rows)} examples are too few to be cut into {parts} parts.")
    config = _settings(project)
    encoder = _encoder(config[CLASSIFIER], progress)
    part_of = _deal(rows, parts)
    found: dict[int, Prediction] = {}
    for part in range(parts):
        progress(f"Part {part + 1} of {parts}: training without it, then reading it …")
        others = [row for row, dealt in zip(rows, part_of, strict=True) if dealt != part]
        understanding = _trained(others, config, encoder)
        for at, row in enumerate(rows):
            if part_of[at] == part:
                found[at] = understanding.predict(row.text)
    return rows, [found[at] for at in range(len(rows))]


def _rows(project: Path) -> list[Row]:
    """Return each text of an intent once: a repetition would be known to the classifier."""
    texts: dict[tuple[str, str], Row] = {}
    for example in read_examples(project):
        if not example.intent.startswith(OURS):
            row = Row(text=bare(example.text), intent=example.intent)
            texts.setdefault((example.intent, plain_words(example.text)), row)
    return list(texts.values())


def _deal(rows: Sequence[Row], parts: int) -> list[int]:
    """Deal the examples of each intent out in turn, so that every part has some of each."""
    seen: Counter[str] = Counter()
    dealt = []
    for row in rows:
        dealt.append(seen[row.intent] % parts)
        seen[row.intent] += 1
    return dealt


def _settings(project: Path) -> dict[str, dict[str, Any]]:
    """Return the settings of our classifier and of the fallbacks behind it, by their names."""
    try:
        content = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"config.yml cannot be read: {' '.join(str(error).split())}") from error
    found: dict[str, dict[str, Any]] = {CLASSIFIER: {}}
    for entry in (content or {}).get("pipeline") or ():
        name = str(entry.get("name", "")).rpartition(".")[2]
        if name in (CLASSIFIER, *FALLBACKS):
            found[name] = dict(entry)
    return found


def _encoder(config: dict[str, Any], progress: Progress) -> Encoder | None:
    from bot.nlu.encoders import MINILM, EncoderMissing, EncoderRefused, open_encoder

    try:
        found = open_encoder(config.get("encoder", MINILM), sha256=config.get("encoder_sha256", ""))
    except (EncoderMissing, EncoderRefused) as error:
        progress(f"Going on without a sentence encoder: {error}.")
        return None
    return _Remembering(found) if found else None


class _Remembering:
    """An encoder that reads each text once: the parts share most of their examples."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder, self._known = encoder, dict[str, Any]()
        self.fingerprint, self.sentence = encoder.fingerprint, encoder.sentence

    def encode(self, texts: Sequence[str]) -> Floats:
        import numpy as np

        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known |= zip(new, self._encoder.encode(new), strict=True)
        found: Floats = np.stack([self._known[text] for text in texts])
        return found

    def warm(self) -> None:
        """Do nothing: it is used at once."""


def _trained(rows: Sequence[Row], config: dict[str, Any], encoder: Encoder | None) -> Understanding:
    from bot.nlu.encoders import EncoderMissing
    from bot.nlu.fit import fit

    texts, intents = [row.text for row in rows], [row.intent for row in rows]
    c = float(config[CLASSIFIER].get("c", 1.0))
    try:
        model = fit(texts, intents, c=c, encoder=encoder)
    except EncoderMissing:  # found out when it was to read the first text
        model = fit(texts, intents, c=c)
    except ValueError as error:
        raise ConfigError(f"The examples cannot be used: {error}") from error
    nodes = {name: {"uses": f".{name}", "config": settings} for name, settings in config.items()}
    return Understanding(model, **fallback(nodes, tuned=model.mix.threshold))
