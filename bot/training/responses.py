"""The response catalogue: what trainers wrote in the domain, for readers that know no Rasa."""

from __future__ import annotations

from typing import Any

FORMAT = 1


def catalogue(domain: Any) -> dict[str, Any]:
    """Return the domain's responses as plain JSON values: name to list of variations."""
    responses = {name: [dict(v) for v in variations] for name, variations in domain.responses.items()}
    return {
        "format": FORMAT,
        "responses": {name: responses[name] for name in sorted(responses)},
        "utterances": sorted(name for name in responses if name.startswith("utter_")),
    }
