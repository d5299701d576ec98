"""The doctor's look at web chat: whether the pages that are to use it can."""

from __future__ import annotations

from bot.commands.findings import Finding
from bot.setting_types import is_open_http
from bot.settings import Settings

_WHAT = "web chat"


def chat_pages(settings: Settings) -> Finding:
    """Say which pages may use the chat, and what a browser would object to."""
    origins = settings.chat_origins
    if not origins:
        detail = "for this server's own pages; BATON_CHAT_ORIGINS names your site's"
        return Finding(level="ok", what=_WHAT, detail=detail)
    if "*" in origins:
        advice = "name your sites in BATON_CHAT_ORIGINS"
        return Finding(level="warn", what=_WHAT, detail="any site may use it", advice=advice)
    detail = f"for {', '.join(origins)}"
    if open_sites := [origin for origin in origins if is_open_http(origin)]:
        detail = f"{', '.join(open_sites)} can be read, and changed, on the way"
        return Finding(level="warn", what=_WHAT, detail=detail, advice="serve your site over https")
    secure = any(origin.startswith("https:") for origin in origins)
    if secure and not settings.public_url.startswith("https:"):
        advice = "set BATON_PUBLIC_URL to the https address under which a proxy serves Baton"
        detail = f"{detail}; but their browsers load nothing from an http address"
        return Finding(level="warn", what=_WHAT, detail=detail, advice=advice)
    return Finding(level="ok", what=_WHAT, detail=detail)
