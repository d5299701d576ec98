"""How soon a page's launcher is there: our widget and others in Chromium, on a slow phone's network.

Cold loads of a page with nothing but the widget: processor slowed down 4 times, 1.6 Mbit/s, 150 ms for
each request. The launcher counts when it has a place on the screen, is what a click there would meet, and
the page's thread is free to take that click.
"""

from __future__ import annotations

import asyncio
import gzip
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Error

from tests.bench.other_widgets import WIDGETS, Widget
from tests.bench.rasa_socket import rasa_socket
from tests.bench.report import Bound, Options, Outcome, Table
from tests.browser.chromium import PHONE, chromium
from tests.browser.server import serving
from tests.browser.site import host_page
from tests.servers import ServerUnavailable

BYTES_PER_SECOND = 1_600_000 / 8
LATENCY_MS = 150
SLOWER = 4
AT_MOST_MS = 1_000.0
"""For our launcher: about what the network alone takes, twice."""
GIVES_UP = 60.0
OURS = "baton-chat button"
KINDS = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html"}
PROBE = """
const deep = (root, selector) => {
  const found = [...root.querySelectorAll(selector)];
  for (const each of root.querySelectorAll('*'))
    if (each.shadowRoot) found.push(...deep(each.shadowRoot, selector));
  return found;
};
const find = () => {
  const path = SELECTOR.split(' ');
  let roots = [document];
  for (const step of path.slice(0, -1)) roots = roots.flatMap(r => deep(r, step)).map(e => e.shadowRoot || e);
  return roots.flatMap(r => deep(r, path.at(-1)));
};
const meets = element => {
  const box = element.getBoundingClientRect();
  if (box.width < 8 || box.height < 8) return false;
  if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) return false;
  let hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  while (hit && hit.shadowRoot) {
    const inner = hit.shadowRoot.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  for (; hit; hit = hit.parentNode || hit.host) if (hit === element) return true;
  return false;
};
const look = () => {
  if (document.body && find().some(meets))
    setTimeout(() => { window.__interactive = performance.now(); });
  else requestAnimationFrame(look);
};
if (window === window.top) requestAnimationFrame(look);
"""


@dataclass(kw_only=True)
class Load:
    """What one cold load took."""

    milliseconds: float = 0.0
    bytes: int = 0
    requests: int = 0


@dataclass(kw_only=True)
class Shelf:
    """Serves pages and the files of packages, gzipped as a delivery network does."""

    pages: dict[str, str] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    port: int = 0
    sockets: str = ""
    """Where a widget finds its own kind of server."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ", 2)[1].partition("?")[0]
        content, kind = self._content(path)
        status = "200 OK" if kind else "404 Not Found"
        lines = [f"HTTP/1.1 {status}", f"content-type: {kind or 'text/plain'}; charset=utf-8"]
        lines += [f"content-length: {len(content)}", "content-encoding: gzip", "connection: close"]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()
        writer.close()

    def _content(self, path: str) -> tuple[bytes, str]:
        if path in self.pages:
            return gzip.compress(self.pages[path].encode()), "text/html"
        name, _, rest = path.lstrip("/").partition("/")
        file = self.folders.get(name, Path("nowhere")) / rest
        if not file.is_file():
            return gzip.compress(b"not here"), ""
        return gzip.compress(file.read_bytes(), 9), KINDS.get(file.suffix, "application/octet-stream")


@asynccontextmanager
async def shelf() -> AsyncIterator[Shelf]:
    """Serve for as long as the block lasts."""
    found = Shelf()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        await server.wait_closed()


async def load(browser: Browser, url: str, selector: str) -> Load:
    """Load a page once, with an empty cache, and wait for the launcher. Raises Error when it never comes."""
    context = await browser.new_context(**PHONE)
    try:
        await context.add_init_script(f"(() => {{const SELECTOR = {selector!r};{PROBE}}})()")
        page = await context.new_page()
        devices = await context.new_cdp_session(page)
        seen = Load()

        def received(event: dict[str, float]) -> None:
            seen.bytes += int(event["encodedDataLength"])
            seen.requests += 1

        devices.on("Network.loadingFinished", received)
        await devices.send("Network.enable")
        await devices.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": LATENCY_MS,
                "downloadThroughput": BYTES_PER_SECOND,
                "uploadThroughput": BYTES_PER_SECOND / 2,
            },
        )
        await devices.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        await page.goto(url, wait_until="commit", timeout=GIVES_UP * 1000)
        handle = await page.wait_for_function("window.__interactive", timeout=GIVES_UP * 1000)
        seen.milliseconds = float(await handle.json_value())
        return seen
    finally:
        await context.close()


async def bench(options: Options) -> Outcome:
    """Measure ours, and those others that can be had; compute the rest from their sizes."""
    try:
        return await _measure(options)
    except ServerUnavailable as error:
        print(f"SKIPPED, not measured: {error}")
        return Outcome()


async def _measure(options: Options) -> Outcome:
    rounds = max(options.rounds * 2 - 1, 3)
    rows: list[tuple[object, ...]] = []
    notes: list[str] = []
    async with chromium() as browser, serving() as server, shelf() as pages, rasa_socket() as sockets:
        origin = f"http://localhost:{pages.port}"
        pages.sockets = sockets
        server.settings["BATON_CHAT_ORIGINS"] = origin
        await server.restart()
        pages.pages["/ours"] = host_page(server.url)
        ours = await _median(browser, f"{origin}/ours", OURS, rounds)
        rows.append(("**Baton**", ours.bytes / 1000, ours.requests, ours.milliseconds, "measured", ""))
        for widget in WIDGETS:
            found = (
                await _other(browser, pages, widget, rounds) if widget.start else "cannot be loaded alone"
            )
            if isinstance(found, str):
                if widget.start:
                    notes.append(f"{widget.name} was not measured: {found}.")
                rows.append((widget.name, widget.kilobytes, "", _alone(widget), "computed", widget.note))
            else:
                rows.append(
                    (
                        widget.name,
                        found.bytes / 1000,
                        found.requests,
                        found.milliseconds,
                        "measured",
                        widget.note,
                    )
                )
    about = (
        f"Cold loads in Chromium, medians of {rounds}: processor {SLOWER} times slower, 1.6 Mbit/s,"
        f" {LATENCY_MS} ms a request; page included. Computed ones are the network's share alone, for"
        " the bundle's published size: no script is run."
    )
    table = Table(
        title="A widget's launcher on a slow phone",
        columns=("widget", "kB on the wire", "requests", "ms until it can be tapped", "", ""),
        rows=rows,
        notes=[about, *notes],
    )
    bound = Bound(what="our launcher on a slow phone, ms", value=ours.milliseconds, limit=AT_MOST_MS)
    return Outcome(tables=[table], bounds=[bound])


async def _other(browser: Browser, pages: Shelf, widget: Widget, rounds: int) -> Load | str:
    """Measure another widget, or return why not."""
    if problem := await asyncio.to_thread(widget.fetch):
        return problem
    key = widget.folder.name.replace("@", "")
    pages.folders[key] = widget.folder
    start = widget.start.replace("{file}", f"/{key}/{widget.file}").replace("{folder}", f"/{key}")
    start = start.replace("{sockets}", pages.sockets)
    pages.pages[f"/page/{key}"] = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>A small shop</title>'
        f'<link rel="icon" href="data:,"></head><body><main><h1>A small shop</h1></main>{start}</body></html>'
    )
    try:
        return await _median(browser, f"http://localhost:{pages.port}/page/{key}", widget.shown, rounds)
    except Error as error:
        return f"its launcher did not appear ({error.message.splitlines()[0]})"


async def _median(browser: Browser, url: str, selector: str, rounds: int) -> Load:
    loads = [await load(browser, url, selector) for _ in range(rounds)]
    return Load(
        milliseconds=statistics.median(each.milliseconds for each in loads),
        bytes=int(statistics.median(each.bytes for each in loads)),
        requests=int(statistics.median(each.requests for each in loads)),
    )


def _alone(widget: Widget) -> float:
    """Return the milliseconds that the network alone takes for the page and the bundle."""
    return 2 * LATENCY_MS + widget.kilobytes * 1000 / BYTES_PER_SECOND * 1000
