"""Other chat widgets to set ours beside: their published bundles, fetched on demand with npm's own client.

They are kept in `.bench/widgets/` and are no part of the product. Without npm, or without its registry,
only their sizes are compared.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.stock import HOME

FOLDER = HOME / "widgets"


@dataclass(frozen=True, kw_only=True)
class Widget:
    """A published widget: which file a page loads, how it is started, and what shows that it is there."""

    name: str
    version: str
    kilobytes: float
    """Of the bundle, gzipped."""
    file: str = ""
    start: str = ""
    """The page's script; `{file}` is the bundle's address, `{sockets}` a socket.io server's. Empty if it cannot be loaded by itself."""
    shown: str = ""
    """A selector for its launcher, or for its input if it has none."""
    note: str = ""

    @property
    def folder(self) -> Path:
        """Return where it is unpacked."""
        return FOLDER / f"{self.name.replace('/', '__')}-{self.version}"

    def fetch(self) -> str:
        """Fetch and unpack it unless it is there; return why that cannot be done, or nothing."""
        if (self.folder / self.file).is_file():
            return ""
        npm = shutil.which("npm")
        if npm is None:
            return "npm is not installed"
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", "--silent", f"{self.name}@{self.version}"]
        try:
            done = subprocess.run(
                command, cwd=FOLDER, capture_output=True, text=True, timeout=180, check=False
            )
        except subprocess.TimeoutExpired:
            return "npm pack took too long"
        if done.returncode != 0:
            return "npm pack could not fetch it"
        archive = FOLDER / done.stdout.split()[-1]
        with tarfile.open(archive) as tar:
            tar.extractall(FOLDER / f"{self.folder.name}.new", filter="data")
        (FOLDER / f"{self.folder.name}.new" / "package").rename(self.folder)
        (FOLDER / f"{self.folder.name}.new").rmdir()
        archive.unlink()
        return ""


_NOWHERE = "http://127.0.0.1:9"
"""A server that is not there: what is measured is the launcher, before any conversation."""

WIDGETS = (
    Widget(
        name="rasa-webchat",
        version="1.0.1",
        kilobytes=211,
        file="lib/index.js",
        start='<script>const s=document.createElement("script");s.async=true;s.src="{file}";'
        's.onload=()=>WebChat.default({socketUrl:"{sockets}",customData:{language:"en"}},null);'
        "document.head.append(s)</script>",
        shown=".rw-launcher",
    ),
    Widget(
        name="deep-chat",
        version="2.4.2",
        kilobytes=111,
        file="dist/deepChat.bundle.js",
        start='<script type="module" src="{file}"></script><deep-chat></deep-chat>',
        shown="#text-input",
        note="has no launcher: until its input is there",
    ),
    Widget(
        name="@typebot.io/js",
        version="0.10.7",
        kilobytes=196,
        file="dist/web.js",
        start='<script type="module">import T from "{file}";'
        f'T.initBubble({{typebot:"x",apiHost:"{_NOWHERE}"}})</script>',
        shown="button",
    ),
    Widget(
        name="flowise-embed",
        version="3.1.6",
        kilobytes=284,
        file="dist/web.js",
        start='<script type="module">import C from "{file}";'
        f'C.init({{chatflowid:"x",apiHost:"{_NOWHERE}"}})</script>',
        shown="button",
    ),
    Widget(
        name="@n8n/chat",
        version="1.37.0",
        kilobytes=455,
        file="dist/chat.bundle.es.js",
        start='<link rel="stylesheet" href="{folder}/dist/style.css"><script type="module">'
        f'import {{createChat}} from "{{file}}";createChat({{webhookUrl:"{_NOWHERE}"}})</script>',
        shown=".chat-window-toggle",
    ),
    Widget(name="@botpress/webchat", version="4.5.2", kilobytes=234),
    Widget(name="botframework-webchat", version="4.18.1", kilobytes=483),
    Widget(
        name="socket.io-client", version="4.8.4", kilobytes=14.8, note="the connection alone, no widget"
    ),
)
