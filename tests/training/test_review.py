"""`baton review` in a process of its own, on a project and a store that a server has open."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.commands import with_store
from bot.domain.agents import Agent, Role
from bot.domain.conversation import Conversation
from bot.domain.correction import Correction
from bot.domain.customer import Customer
from bot.ports import Store, Tx
from bot.settings import Settings, load
from tests.contract.store_kit import NOW
from tests.training.project import ROOT, make_project

MENU = "[q]uit  "
TEXTS = (
    ("where did my order 4529 go, this is Kim", "track_order"),
    ("hello there", "goodbye"),
    ("toodle pip", "goodbye"),
)

READ = """
import sys, warnings
warnings.simplefilter("ignore")
from bot.training import rasa_graph
rasa_graph.quiet()
rasa_graph.import_rasa(lean=True)
from rasa.shared.nlu.training_data.loading import load_data
data = load_data(sys.argv[1])
for m in data.intent_examples:
    print(m.get("intent"), "|", m.get("text"), "|", [(e["entity"], e["value"]) for e in m.get("entities", [])])
"""


@dataclass
class Office:
    """A project with corrections in its store."""

    project: Path
    settings: Settings
    environ: dict[str, str]

    def baton(self, *words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", "bot.cli", "review", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.environ, cwd=ROOT, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def typed(self, *keys: tuple[str, str]) -> str:
        """Run `baton review` at a terminal; type each of the keys once its question stands there."""
        main, ours = pty.openpty()
        command = [sys.executable, "-m", "bot.cli", "review"]
        child = subprocess.Popen(command, stdin=ours, stdout=ours, stderr=ours, env=self.environ, cwd=ROOT)
        os.close(ours)
        said, seen, wanted = b"", 0, list(keys)
        while chunk := _read(main):
            said += chunk
            if wanted and wanted[0][0].encode() in said[seen:]:
                seen = len(said)
                question, typed = wanted.pop(0)
                if question == MENU:
                    _until_raw(main)
                os.write(main, typed.encode())
        os.close(main)
        assert child.wait(10) == 0, said
        return said.decode().replace("\r\n", "\n")

    def statuses(self) -> dict[int, str]:
        async def read(store: Store) -> list[Correction]:
            return await store.read(lambda tx: tx.corrections_of("c1"))

        return {one.number: one.status.value for one in asyncio.run(with_store(self.settings, read))}


def _until_raw(main: int) -> None:
    """Wait until the other side reads single keys; what was typed before is thrown away there."""
    while termios.tcgetattr(main)[3] & termios.ICANON:
        time.sleep(0.005)


def _read(main: int) -> bytes:
    try:
        return os.read(main, 4_096)
    except OSError:  # how Linux says that the other side is closed
        return b""


async def fill(tx: Tx) -> None:
    """Put three corrections into the store."""
    agent = Agent(id="ana", email="ana@example.com", name="Ana", role=Role.AGENT, created_at=NOW)
    await tx.put_agent(agent)
    await tx.put_customer(Customer(id="k1", created_at=NOW, name="Kim Lee"))
    await tx.put_conversation(
        Conversation(
            id="c1", customer_id="k1", channel="rest", address="kim", created_at=NOW, updated_at=NOW
        )
    )
    for seq, (text, intent) in enumerate(TEXTS, start=1):
        await tx.put_correction(
            Correction(
                id=f"x{seq}",
                number=await tx.next_correction(),
                conversation_id="c1",
                message_seq=seq,
                text=text,
                guessed="greet",
                confidence=0.41,
                intent=intent,
                agent_id="ana",
                at=NOW,
                note="he means his parcel" if seq == 1 else "",
            )
        )


@pytest.fixture
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Office:
    project = make_project(tmp_path / "project")
    environ = {n: v for n, v in os.environ.items() if not n.startswith("BATON_")}
    environ |= {"BATON_PROJECT_DIR": str(project), "COLUMNS": "120"}
    if getattr(request, "param", "") == "postgresql":
        from bot.store import migrate

        url = request.getfixturevalue("postgres_url")
        migrate(url)
        environ |= {"BATON_DATABASE_URL": url, "BATON_SECRET_KEY": "k" * 32}
    settings = load(environ)
    asyncio.run(with_store(settings, lambda store: store.write(fill)))
    return Office(project, settings, environ)


@pytest.fixture
def running(office: Office) -> Iterator[Office]:
    """The same while another process, as a server would, has the store open and writes."""
    code = (
        "import asyncio, sys\n"
        "from bot.clock import SystemClock\n"
        "from bot.store import open_store\n"
        "async def main():\n"
        "    store = open_store(sys.argv[1], SystemClock())\n"
        "    await store.start()\n"
        "    print('open', flush=True)\n"
        "    while True:\n"
        "        await store.write(lambda tx: tx.put_meta('server', 'writes'))\n"
        "        await asyncio.sleep(0.001)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", code, office.settings.database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as server:
        assert server.stdout is not None
        server.stdout.readline()
        yield office
        server.kill()


@pytest.mark.parametrize(
    "office", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)], indirect=True
)
def test_a_trainers_day(running: Office) -> None:
    office = running
    status, said, _ = office.baton()
    assert status == 0
    lines = said.splitlines()
    assert lines[0].split() == ["No.", "message", "guessed", "->", "meant", "agent", "when", "alike"]
    assert lines[1].split()[0] == "1"
    assert "greet 41% -> track_order" in lines[1]
    assert len(lines) == 4

    listed = json.loads(office.baton("--json")[1])
    assert listed[0]["text"] == TEXTS[0][0]
    assert listed[0]["example"] == "where did my order [4521](order_number) go, this is Jane"
    assert listed[0]["replaced"] == ["order_number 4529", "name Kim"]
    shown = office.baton("show", "1")[1]
    assert "he means his parcel" in shown
    assert json.loads(office.baton("show", "1", "--json")[1]) == listed[0]

    status, said, _ = office.baton("accept", "1")
    assert status == 0
    assert said.startswith("Added at data/nlu/")
    assert said.rstrip().endswith(": " + listed[0]["example"])
    status, said, complaint = office.baton("accept", "2")
    assert (status, said) == (1, "")
    assert "is an example of greet at data/nlu" in complaint
    assert office.baton("drop", "2", "--why", "It is a greeting.")[:2] == (0, "Correction 2 is dropped.\n")
    assert office.baton("accept", "3", "--intent", "greet", "--text", "Toodle-oo")[0] == 0
    assert office.statuses() == {1: "accepted", 2: "dropped", 3: "accepted"}
    assert office.baton()[1] == "There are no open corrections.\n"
    assert "accepted already" in office.baton("accept", "1")[2]
    assert "no correction 9" in office.baton("show", "9")[2]

    read = subprocess.run(
        [sys.executable, "-c", READ, str(office.project / "data" / "nlu")],
        capture_output=True, text=True, cwd=ROOT, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert "greet | Toodle-oo | []" in read
    expected = "track_order | where did my order 4521 go, this is Jane | [('order_number', '4521')]"
    assert expected in read

    async def audit(store: Store) -> list[str]:
        return [entry.action for entry in await store.read(lambda tx: tx.audit())]

    actions = asyncio.run(with_store(office.settings, audit))
    assert actions == ["correction.accepted", "correction.dropped", "correction.accepted"]


def test_one_after_the_other_at_a_terminal(office: Office) -> None:
    said = office.typed(
        (MENU, "a"),
        (MENU, "a"),
        (MENU, "d"),
        ("Why", "unclear\n"),
        (MENU, "e"),
        ("Example", "Yoo hoo\n"),
        ("Intent", "greet\n"),
    )
    assert "1 of 3" in said
    assert "Added at data/nlu/" in said
    assert "Yoo hoo" in said
    assert "is an example of greet at data/nlu" in said, "and it asks again"
    assert "2 examples added. Train with: baton train" in said
    assert office.statuses() == {1: "accepted", 2: "dropped", 3: "accepted"}


def test_skip_and_quit_change_nothing(office: Office) -> None:
    said = office.typed((MENU, "s"), (MENU, "q"))
    assert "2 of 3" in said
    assert "3 of 3" not in said
    assert set(office.statuses().values()) == {"open"}
