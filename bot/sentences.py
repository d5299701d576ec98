"""Where the system's own sentences come from: the model that answers, or, before one, the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog

from bot.domain.errors import ConfigError
from bot.domain.message import Draft
from bot.services.sentences import Catalogue
from bot.training.registry import Model

log = structlog.get_logger(__name__)


class LiveSentences:
    """The response catalogue of the model that answers now; a promoted model brings its own."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Say what `catalogue` says until it is replaced."""
        self.catalogue = catalogue

    def render(self, name: str, /, *, language: str = "en", **values: Any) -> Draft:
        """Return response `name`; see `bot.ports.Sentences`."""
        return self.catalogue.render(name, language=language, **values)


def catalogue(model: Model) -> Catalogue:
    """Read the responses beside a model. Raises ConfigError if they are missing or damaged."""
    try:
        data = model.responses.read_bytes()
    except OSError as error:
        raise ConfigError(f"the responses of model {model.id} cannot be read: {error.strerror}") from error
    return Catalogue.load(data)


def written_catalogue(project: Path) -> Catalogue:
    """Read the responses as they stand in the project: what is said before anything was trained.

    Customers who write to a server without a model are handed to people, and told so.
    """
    import yaml  # a server that has a model need not wait for it

    try:
        content = yaml.safe_load((project / "domain.yml").read_text("utf-8"))
        return Catalogue(dict(content["responses"]))
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        log.warning("no_responses", file="domain.yml", error=type(error).__name__)
        return Catalogue({})
