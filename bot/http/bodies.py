"""Strict JSON in, JSON out: typed, bounded, and with errors that name the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec
from sanic import HTTPResponse, Request

from bot.domain.errors import DomainError, InvalidInput

T = TypeVar("T")

JSON = "application/json"
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_NAMED = re.compile(r"field `(?P<name>[^`]*)`")
_LONGEST = 160
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
_encode = msgspec.json.Encoder().encode


class WrongContentType(DomainError):
    """The body is not declared as JSON."""

    code: ClassVar[str] = "unsupported_media_type"
    http_status: ClassVar[int] = 415
    public_message: ClassVar[str] = "Send the body as application/json."


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the decoder of `kind`, made once: making one costs more than most bodies."""
    known: msgspec.json.Decoder[T] | None = _decoders.get(kind)
    if known is None:
        known = _decoders[kind] = msgspec.json.Decoder(kind)
    return known


def read_json(request: Request, kind: type[T], *, optional: bool = False) -> T:
    """Return the body as `kind`.

    Raises:
        WrongContentType: it is not declared as JSON.
        InvalidInput: it is not JSON, or not of this shape (field: field).
    """
    body = request.body
    if not body and optional:
        return kind()
    content_type = request.headers.getone("content-type", "")
    if content_type != JSON and content_type.partition(";")[0].strip().lower() != JSON:
        raise WrongContentType
    try:
        value = _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("The body is not valid JSON in UTF-8.") from None
    if b"\\u0000" in body:
        _refuse_nul(msgspec.structs.asdict(value))  # type: ignore[arg-type]
    return value


def read_query(request: Request, kind: type[T]) -> T:
    """Return the query as `kind`; each name may be given once.

    Raises:
        InvalidInput: it is not of this shape (field: field).
    """
    values: dict[str, str] = {}
    for name, value in request.get_query_args(keep_blank_values=True):
        if name in values:
            raise InvalidInput("A query parameter is given twice.", field=name[:_LONGEST])
        values[name] = value
    _refuse_nul(values)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from None


def _refuse_nul(values: Mapping[str, Any]) -> None:
    """Refuse NUL characters, which not every database can keep."""
    for name, value in values.items():
        if isinstance(value, str) and "\0" in value:
            raise InvalidInput("A text has a NUL character.", field=name[:_LONGEST])


def _invalid(error: msgspec.ValidationError) -> InvalidInput:
    """Turn msgspec's words into ours: what is wrong, and the field's path."""
    match = _AT.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    named = _NAMED.search(what)
    parts = [part for part in (path, named["name"] if named else "") if part]
    return InvalidInput(f"{what[:_LONGEST]}.", field=".".join(parts)[:_LONGEST])


def answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """Return `data` as a JSON response."""
    return HTTPResponse(_encode(data), status=status, headers=dict(headers or {}), content_type=JSON)


def error_answer(
    status: int, code: str, message: str, fields: Mapping[str, Any] | None = None
) -> HTTPResponse:
    """Return the one shape that every error has."""
    return answer({"error": {**(fields or {}), "code": code, "message": message}}, status=status)
