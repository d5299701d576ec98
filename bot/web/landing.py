"""The page at `/`: what runs here, and how to try it."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from sanic import HTTPResponse, Request

from bot.http.routes import Route
from bot.web.deps import WebDeps

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--dim:#566273;--paper:#fbfaf7;--card:#fff;--line:#dcdfe4;
--link:#0b5cad}
@media(prefers-color-scheme:dark){
:root{--ink:#e8ebef;--dim:#a3adba;--paper:#14181d;--card:#1c2229;--line:#323a44;--link:#7db8f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,sans-serif}
main{max-width:44rem;margin:0 auto;padding:3rem 1.25rem 4rem}
h1{margin:0;font-size:2rem;line-height:1.2}
h2{margin:2.5rem 0 .5rem;font-size:1.15rem}
p{margin:.5rem 0}
.dim{color:var(--dim)}
a{color:var(--link)}
pre{margin:.75rem 0;padding:.9rem 1rem;overflow-x:auto;background:var(--card);border:1px solid var(--line);
border-radius:.5rem;font:.875rem/1.55 ui-monospace,monospace}
li{margin:.25rem 0}
"""
_POLICY = (
    "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Baton</title>
<style>{style}</style>
<main>
<h1>Baton</h1>
<p class="dim">Version {version}. {mode}</p>
<p>A support assistant answers customers here and hands them to a person, with the whole story, when a
person is needed.</p>
<h2>Write as a customer</h2>
<p>{rest}</p>
<pre tabindex="0">curl -s {url}/webhooks/rest/webhook \\
  -H 'Content-Type: application/json'{token} \\
  -d '{{"sender": "me", "message": "where is my order?"}}'</pre>
<p>The answer is the list of replies. Once a person has the conversation the list is empty; their words
come with</p>
<pre tabindex="0">curl -s '{url}/webhooks/rest/messages?sender=me&amp;after=0'{token}</pre>
<h2>Answer as an agent</h2>
<pre tabindex="0">curl -s {url}/api/v1/session -c cookies \\
  -H 'Content-Type: application/json' \\
  -d '{{"email": "you@example.com", "password": "..."}}'
curl -s '{url}/api/v1/conversations?owner=queue' -b cookies</pre>
<p>Requests that change something also need the <code>csrf</code> value of the sign-in as
<code>X-CSRF-Token</code>. Agents are added with <code>baton agents add</code>.</p>
<h2>More</h2>
<ul>
<li><a href="/openapi.json">/openapi.json</a> describes every address.</li>
<li><a href="/health/ready">/health/ready</a> says whether customers are answered.</li>
<li><code>baton chat</code> talks to the assistant in a terminal.</li>
</ul>
</main>
</html>
"""


class Landing:
    """Renders the page once."""

    def __init__(self, deps: WebDeps) -> None:
        """Tell the page where it is served and how."""
        url = deps.public_url.rstrip("/")
        token = "" if deps.demo else ' \\\n  -H "Authorization: Bearer $BATON_REST_TOKEN"'
        self._page = _PAGE.format(
            style=_STYLE,
            version=escape(deps.version),
            mode="Demonstration mode: the shop is made up." if deps.demo else "",
            rest=_rest_note(demo=deps.demo),
            url=escape(url),
            token=escape(token, quote=False),
        )
        digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
        self._headers = {"content-security-policy": _POLICY.format(digest=digest)}

    @property
    def routes(self) -> list[Route]:
        """Return the page's route."""
        return [
            Route(
                method="GET", path="/", handler=self.page, tag="pages", answer=str, media="text/html",
                summary="Say what runs here and how to try it",
            )
        ]  # fmt: skip

    async def page(self, request: Request) -> HTTPResponse:
        """Return the page."""
        return HTTPResponse(
            self._page, headers=dict(self._headers), content_type="text/html; charset=utf-8"
        )


def _rest_note(*, demo: bool) -> str:
    if demo:
        return "From this machine, no token is needed in demonstration mode:"
    return "With the token that the operator set as <code>BATON_REST_TOKEN</code>:"
