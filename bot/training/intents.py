"""The intents that customers have, for people: title, number of examples, and a few of them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from threading import Lock

from bot.domain.errors import ConfigError
from bot.ports import IntentInfo, Sentences
from bot.training.examples import OURS, bare, nlu_files, read_examples

SHOWN = 5
"""Examples that are shown of an intent."""
TITLE = "utter_choice_title_"
_Stamp = tuple[tuple[Path, int, int], ...]


class ProjectIntents:
    """Reads data/nlu when it is first asked, and again when a file has changed; call it on a thread."""

    def __init__(self, project: Path, sentences: Sentences) -> None:
        """`sentences` have the titles by which the assistant offers intents."""
        self._project, self._sentences = project, sentences
        self._stamp: _Stamp | None = None
        self._examples: dict[str, list[str]] = {}
        self._lock = Lock()

    def __call__(self) -> tuple[IntentInfo, ...]:
        """Return the intents by title; what cannot be read is left as it was. Raises ConfigError."""
        with self._lock:
            stamp = self._now()
            if stamp != self._stamp:
                self._examples, self._stamp = _by_intent(self._project), stamp
            found = [self._info(name, examples) for name, examples in self._examples.items()]
        return tuple(sorted(found, key=lambda info: info.title))

    def _info(self, name: str, examples: list[str]) -> IntentInfo:
        return IntentInfo(
            name=name,
            title=title_of(name, self._sentences),
            count=len(examples),
            examples=tuple(examples[:SHOWN]),
        )

    def _now(self) -> _Stamp:
        try:
            states = [(path, path.stat()) for path in nlu_files(self._project)]
        except OSError as error:
            raise ConfigError(f"data/nlu cannot be read: {error.strerror}") from error
        return tuple((path, state.st_mtime_ns, state.st_size) for path, state in states)


def title_of(name: str, sentences: Sentences) -> str:
    """Return an intent's name for people: the trainers' title, or else its name in words."""
    try:
        title = str(sentences.render(TITLE + name).text)
    except KeyError:
        title = ""
    return title or name.replace("_", " ").replace("/", ": ").capitalize()


def _by_intent(project: Path) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for example in read_examples(project):
        if not example.intent.startswith(OURS):
            found[example.intent].append(bare(example.text))
    return dict(found)
