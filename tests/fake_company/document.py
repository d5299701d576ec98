"""openapi.yaml as a judge: says of every request and every answer whether it is in the document."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

import connectors.customers.http

PATH = Path(connectors.customers.http.__file__).parent / "openapi.yaml"
METHODS = ("get", "put", "post", "patch", "delete")
ANYWHERE = {
    "host",
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "user-agent",
}
"""Headers that HTTP itself brings; any other must be a parameter of the operation."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one path, with the path's parameters resolved."""

    id: str
    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    body: dict[str, Any] | None
    responses: dict[str, dict[str, Any]]

    @property
    def changes(self) -> bool:
        return any(p["in"] == "header" for p in self.parameters)

    def response(self, status: int) -> dict[str, Any] | None:
        return self.responses.get(str(status)) or self.responses.get(f"{status // 100}XX")


@functools.cache
def document() -> Document:
    """Return the document, read once."""
    return Document()


class Document:
    """The parsed document."""

    def __init__(self, path: Path = PATH) -> None:
        self.content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.operations = {op.id: op for op in self._operations()}

    def resolve(self, item: Any) -> Any:
        """Follow a reference."""
        while isinstance(item, dict) and set(item) == {"$ref"}:
            target = self.content
            for part in item["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            item = target
        return item

    def errors(self, schema: dict[str, Any], value: Any) -> list[str]:
        """Say what of a value does not fit a schema."""
        whole = {**schema, "components": self.content["components"]}
        validator = Draft202012Validator(whole, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a request and its path parameters."""
        for operation in self.operations.values():
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation.path))
            match = re.fullmatch(pattern, path)
            if match and operation.method == method.lower():
                return operation, match.groupdict()
        return None

    def judge_request(
        self, operation: Operation, values: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """Say what of a request is not in the document."""
        problems = []
        for parameter in operation.parameters:
            given = values if parameter["in"] == "path" else headers
            value = given.get(parameter["name"].lower())
            if value is None:
                problems += [f"{parameter['name']} is missing"] if parameter["required"] else []
            else:
                problems += [f"{parameter['name']} {e}" for e in self.errors(parameter["schema"], value)]
        allowed = ANYWHERE | {p["name"].lower() for p in operation.parameters if p["in"] == "header"}
        problems += [f"header {name} is not in the document" for name in headers if name not in allowed]
        return problems + self._judge_body(operation, headers, body)

    def judge_response(self, operation: Operation, status: int, media: str, body: bytes) -> list[str]:
        """Say what of an answer is not in the document."""
        response = operation.response(status)
        if response is None:
            return [f"{operation.id} cannot answer {status}"]
        if media not in response["content"]:
            return [f"{operation.id} cannot answer {status} as {media}"]
        return self.errors(response["content"][media]["schema"], json.loads(body))

    def _judge_body(self, operation: Operation, headers: Mapping[str, str], body: bytes) -> list[str]:
        if operation.body is None:
            return ["a body is not in the document"] if body else []
        media = headers.get("content-type", "")
        if media not in operation.body["content"]:
            return [f"content-type {media} is not in the document"]
        try:
            value = json.loads(body)
        except ValueError:
            return ["the body is not JSON"]
        return self.errors(operation.body["content"][media]["schema"], value)

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.content["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    about = item[method]
                    given = [self.resolve(p) for p in [*shared, *about.get("parameters", [])]]
                    yield Operation(
                        id=about["operationId"],
                        method=method,
                        path=path,
                        parameters=tuple(given),
                        body=self.resolve(about.get("requestBody")),
                        responses={s: self.resolve(r) for s, r in about["responses"].items()},
                    )
