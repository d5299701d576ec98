"""Runs a project's test stories against a model: which action follows, without running any.

Also `python -m bot.training.story_tests`, which is how the command line runs it: Rasa stays out of the
caller's process. It does what `rasa test core` does, without the imports that take that a minute.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.domain.errors import BotError, ConfigError
from bot.training import rasa_graph

FOLDER = Path("tests", "stories")
"""Where a project has its test stories."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The first step of a test story at which the model does something else.

    `after` is what the customer had said, an intent; `expected` and `done` are actions.
    """

    story: str
    place: str
    after: str
    expected: str
    done: str

    def line(self) -> str:
        """Return the failure for people to read."""
        after = f"after {self.after} " if self.after else ""
        return (
            f'{self.place}: "{self.story}": {after}{self.expected} is expected, the model does {self.done}'
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryResult:
    """How many stories there are, and those that fail."""

    stories: int
    failures: tuple[Failure, ...]

    def lines(self) -> list[str]:
        """Return the result for people to read."""
        held = self.stories - len(self.failures)
        return [
            f"test stories       {held} of {self.stories} hold",
            *(f"  {f.line()}" for f in self.failures),
        ]


def story_files(project: Path) -> list[Path]:
    """Return a project's files of test stories."""
    return sorted((project / FOLDER).glob("*.yml"))


def run_stories(model: Path, project: Path) -> StoryResult:
    """Run the test stories in this process. Raises ConfigError for stories that cannot be read."""
    processor = _processor(model)
    trackers = _trackers(project, processor.domain)
    failures = [_failure(tracker, processor, project) for tracker in trackers]
    return StoryResult(stories=len(trackers), failures=tuple(found for found in failures if found))


def _processor(model: Path) -> Any:
    from bot.engine import lean

    lean.import_rasa(full=lean.needs_full_rasa(model))
    from rasa.utils.endpoints import EndpointConfig

    from bot.engine.processor import FastProcessor

    with lean.as_imported():
        return FastProcessor(model, EndpointConfig())  # no action is run


def _trackers(project: Path, domain: Any) -> list[Any]:
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.core.training_data.loading import load_data_from_files
    from rasa.shared.core.training_data.structures import StoryGraph

    try:
        steps = load_data_from_files([str(path) for path in story_files(project)], domain)
        generator = TrainingDataGenerator(
            StoryGraph(steps), domain, use_story_concatenation=False, augmentation_factor=0
        )
        return list(generator.generate_story_trackers())
    except Exception as error:  # Rasa and its YAML reader raise a dozen unrelated classes here.
        raise ConfigError(" ".join(str(error).split())) from error


def _failure(tracker: Any, processor: Any, project: Path) -> Failure | None:
    """Walk a story to its first wrong step; what follows one says nothing more."""
    from rasa.shared.core.events import ActionExecuted

    from bot.engine.tracker import BoundedTracker

    walked = BoundedTracker(tracker.sender_id, processor.domain.slots)
    walked.horizon = processor.horizon
    for number, event in enumerate(tracker.events):
        if number and isinstance(event, ActionExecuted):
            expected = str(event.action_name or event.action_text)
            done = _next(walked, processor, expected)
            if done != expected:
                said = walked.latest_message.intent.get("name") if walked.latest_message else ""
                place = _place(project, tracker.sender_id)
                return Failure(
                    story=tracker.sender_id, place=place, after=said or "", expected=expected, done=done
                )
        walked.update(event)
    return None


def _next(walked: Any, processor: Any, expected: str) -> str:
    """Return what the model does next. A form may turn down a message: then it is asked once more."""
    from rasa.exceptions import ActionLimitReached
    from rasa.shared.core.events import ActionExecutionRejected

    try:
        done = str(processor.predict_next_with_tracker_if_should(walked)[0].name())
        if done != expected and done == walked.active_loop_name:
            walked.update(ActionExecutionRejected(done))
            done = str(processor.predict_next_with_tracker_if_should(walked)[0].name())
    except ActionLimitReached:
        return "nothing any more (the limit of actions)"
    return done


def _place(project: Path, story: str) -> str:
    """Return "file:line" of a story."""
    named = re.compile(rf"""\s*-\s*story:\s*["']?{re.escape(story)}["']?\s*(?:#.*)?""")
    for path in story_files(project):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if named.fullmatch(line):
                return f"{path.relative_to(project).as_posix()}:{number}"
    return FOLDER.as_posix()


def run_apart(model: Path, project: Path) -> StoryResult | None:
    """Run the test stories in a process of their own; None if the project has none. Raises ConfigError."""
    if not story_files(project):
        return None
    command = [sys.executable, "-m", __name__, "--model", str(model), "--project", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (a list)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ConfigError(f"The test stories could not be run: {said[-1] if said else 'no word why'}")
    found = json.loads(done.stdout)
    failures = tuple(Failure(**failure) for failure in found["failures"])
    return StoryResult(stories=found["stories"], failures=failures)


def main(arguments: list[str] | None = None) -> int:
    """Print how the stories went, as JSON; return the exit status."""
    parser = argparse.ArgumentParser(description="Run a project's test stories against a model.")
    parser.add_argument("--model", type=Path, required=True, help="the model's archive")
    parser.add_argument("--project", type=Path, default=Path(), help="folder with tests/stories")
    options = parser.parse_args(arguments)
    rasa_graph.quiet()
    try:
        result = run_stories(options.model, options.project.resolve())
    except BotError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
