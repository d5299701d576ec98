"""The kinds of texts and numbers in openapi.yaml, with their patterns and bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

ID_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9._:~-]{0,99}\Z"

# `\Z` where the document writes `$`: Python's `$` lets a line break follow.
Id = Annotated[str, Meta(pattern=ID_PATTERN)]
Line = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", max_length=500)]
Name = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", min_length=1, max_length=500)]
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*\Z", max_length=4_000)]
Money = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?\Z")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
Url = Annotated[str, Meta(pattern=r'^https?://[^\x00-\x20\x7f"<>\\]+\Z', max_length=2_000)]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
CaseKind = Literal["complaint", "late_delivery", "payment", "other"]
