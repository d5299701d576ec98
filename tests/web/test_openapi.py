"""The description and the routes are the same list, and its schemas hold."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from bot.web import create_app
from tests.web.conftest import World

PROMISED = {
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
    ("post", "/webhooks/rest/webhook"),
    ("get", "/webhooks/rest/messages"),
    ("post", "/api/v1/session"),
    ("delete", "/api/v1/session"),
    ("get", "/api/v1/conversations"),
    ("get", "/api/v1/counts"),
    ("get", "/api/v1/search"),
    ("get", "/api/v1/conversations/{conversation_id}"),
    ("get", "/api/v1/conversations/{conversation_id}/messages"),
    ("post", "/api/v1/conversations/{conversation_id}/messages"),
    ("post", "/api/v1/conversations/{conversation_id}/files"),
    ("post", "/api/v1/conversations/{conversation_id}/read"),
    ("get", "/api/v1/conversations/{conversation_id}/orders"),
    ("get", "/api/v1/intents"),
    ("post", "/api/v1/conversations/{conversation_id}/messages/{seq}/correction"),
    ("delete", "/api/v1/conversations/{conversation_id}/messages/{seq}/correction"),
    ("get", "/api/v1/corrections"),
    ("post", "/api/v1/corrections/{number}/drop"),
    ("post", "/api/v1/conversations/{conversation_id}/orders"),
    ("post", "/api/v1/conversations/{conversation_id}/actions"),
    ("get", "/api/v1/media/{media_id}"),
    ("get", "/media/{media_id}/{signature}/{name}"),
    ("post", "/api/v1/conversations/{conversation_id}/claim"),
    ("post", "/api/v1/conversations/{conversation_id}/release"),
    ("post", "/api/v1/conversations/{conversation_id}/transfer"),
    ("post", "/api/v1/conversations/{conversation_id}/resolve"),
    ("put", "/api/v1/me/availability"),
    ("get", "/api/v1/me"),
    ("get", "/api/v1/agents"),
    ("put", "/api/v1/me"),
    ("put", "/api/v1/me/password"),
    ("post", "/api/v1/me/totp"),
    ("post", "/api/v1/me/totp/confirm"),
    ("post", "/api/v1/me/totp/off"),
    ("get", "/api/v1/sessions"),
    ("delete", "/api/v1/sessions/{session_id}"),
    ("post", "/api/v1/agents"),
    ("patch", "/api/v1/agents/{agent_id}"),
    ("get", "/api/v1/teams"),
    ("post", "/api/v1/teams"),
    ("delete", "/api/v1/teams/{name}"),
    ("get", "/api/v1/canned"),
    ("post", "/api/v1/canned"),
    ("put", "/api/v1/canned/{reply_id}"),
    ("delete", "/api/v1/canned/{reply_id}"),
    ("get", "/api/v1/hours"),
    ("put", "/api/v1/hours"),
    ("get", "/api/v1/audit.csv"),
    ("get", "/api/v1/audit"),
    ("post", "/api/v1/tokens"),
    ("get", "/api/v1/live"),
}


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.get("/openapi.json")
    assert response.status_code == 200
    return dict(response.json())


def described(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method, path) for path, item in document["paths"].items() for method in item}


async def test_every_route_is_described_and_the_other_way_round(
    world: World, document: dict[str, Any]
) -> None:
    app = create_app(world.deps())
    routed = {
        (method.lower(), "/" + re.sub(r"<(\w+):str>", r"{\1}", route.path))
        for route in app.router.routes
        for method in route.methods
        if method != "HEAD"
    }
    assert len(routed) >= 24
    assert routed == described(document)
    assert described(document) >= PROMISED


async def test_references_resolve_and_ids_are_unique(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert len(references) >= 15
    assert references <= set(schemas)
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] for operation in operations)


async def test_operations_say_what_they_take(document: dict[str, Any]) -> None:
    say = document["paths"]["/api/v1/conversations/{conversation_id}/messages"]
    assert [p["name"] for p in say["get"]["parameters"]] == ["conversation_id", "after", "limit"]
    body = say["post"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"]["$ref"].endswith("/SayBody")
    assert set(say["post"]["responses"]) >= {"200", "400", "401", "403", "404", "409"}
    assert say["post"]["security"] == [{"session": []}, {"agentToken": []}]
    rest = document["components"]["schemas"]["RestMessage"]
    assert rest["additionalProperties"] is False
    assert rest["properties"]["message"]["maxLength"] == 4000
    assert {"sub", "aud", "exp"} <= set(re.findall(r"`(\w+)`", rest["description"]))
    assert "identity" in rest["properties"]
    assert "409" in document["paths"]["/webhooks/rest/webhook"]["post"]["responses"]
    assert "101" in document["paths"]["/api/v1/live"]["get"]["responses"]
