"""What the figures over REST become: tables for reading, lines beside stock Rasa, and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.figures import Figure
from tests.bench.report import Bound, Options, Outcome, Table

if TYPE_CHECKING:
    from tests.bench.rest import Runs

TIMES = 12.0
"""How many times stock Rasa's throughput is promised, with many customers."""
GOAL = 20.0
MANY = (16, 128)


class Kind(NamedTuple):
    """What a kind of dialogue adds to a figure's key and to its words."""

    key: str
    words: str


KINDS = {"plain": Kind("", ""), "varied": Kind("-new", ", every text new")}
SILENT = 0.01
"""Part of the messages that may get no words without its being said."""
TEXTS = (
    "The customers write eight texts again and again, whose meaning Baton then has in its cache, or texts that"
    " hardly come twice (every text new)."
)
PORT_WITHIN, ANSWER_WITHIN = 3.0, 15.0


def outcome(runs: dict[str, Runs], missing: str, options: Options) -> Outcome:
    """Return the tables, figures and bounds."""
    ours, theirs = runs["Baton"], runs.get("stock Rasa")
    errors = sum(f.errors for run in runs.values() for group in run.figures.values() for f in group)
    bounds = [
        Bound(what="seconds until messages are accepted", value=ours.opened, limit=PORT_WITHIN),
        Bound(what="seconds until the first is answered", value=ours.answered, limit=ANSWER_WITHIN),
        Bound(what="failed requests", value=float(errors), limit=0.0),
    ]
    return Outcome(
        tables=[_throughput(runs, missing, options), _cpu(runs), _start(runs)],
        bounds=bounds,
        figures=[
            *(_rate(ours, theirs, *load) for load in ours.figures if load[0] in KINDS and load[1] > 1),
            *(_one_turn(ours, theirs, kind) for kind in KINDS),
            _first_answer(ours, theirs),
            *_memory(ours, theirs),
        ],
        missing=[missing] if missing else [],
        notes=[TEXTS, _generator(runs, options), *_silent(runs)],
    )


def _silent(runs: dict[str, Runs]) -> list[str]:
    """Say of whom many messages got no words: a model that knows too little is not worth comparing."""
    found = []
    for name, run in runs.items():
        groups = [one for (kind, _), group in run.figures.items() if kind in KINDS for one in group]
        share = sum(one.empty for one in groups) / max(sum(one.messages for one in groups), 1)
        if share > SILENT:
            found.append(f"{name[0].upper()}{name[1:]} had no words for {share:.0%} of the messages.")
    return found


def _generator(runs: dict[str, Runs], options: Options) -> str:
    """Say how much of the machine the load generator used."""
    shares = [
        f"{max(run.figure('plain', clients, 'own_share') for clients in MANY):.0%} with {name}"
        for name, run in runs.items()
    ]
    where = "one core, to which it was held" if options.pin >= 0 else "a core"
    return f"The load generator used up to {' and '.join(shares)} of {where}."


def _rate(ours: Runs, theirs: Runs | None, kind: str, clients: int) -> Figure:
    return Figure(
        key=f"throughput-{clients}{KINDS[kind].key}",
        what=f"messages a second, {clients} conversations at once{KINDS[kind].words}",
        ours=ours.figure(kind, clients, "rate"),
        theirs=theirs.figure(kind, clients, "rate") if theirs else None,
        more=True,
        times=TIMES,
        goal=GOAL,
        ours_more=_times(ours, kind, clients),
        theirs_more=_times(theirs, kind, clients) if theirs else "",
    )


def _times(run: Runs, kind: str, clients: int) -> str:
    found = [run.figure(kind, clients, name) for name in ("p50", "p95", "p99")]
    return "p50 / p95 / p99 " + " / ".join(f"{ms:,.0f}" for ms in found) + " ms"


def _one_turn(ours: Runs, theirs: Runs | None, kind: str) -> Figure:
    return Figure(
        key=f"one-turn{KINDS[kind].key}",
        what=f"one turn, one customer, p50{KINDS[kind].words}",
        ours=ours.figure(kind, 1, "p50"),
        theirs=theirs.figure(kind, 1, "p50") if theirs else None,
        unit="ms",
        times=5.0,
        goal=10.0,
        ours_more=_one_more(ours, kind),
        theirs_more=_one_more(theirs, kind) if theirs else "",
    )


def _one_more(run: Runs, kind: str) -> str:
    p95, p99, rate = (run.figure(kind, 1, name) for name in ("p95", "p99", "rate"))
    return f"p95 / p99 {p95:,.0f} / {p99:,.0f} ms, {rate:,.0f} messages a second"


def _first_answer(ours: Runs, theirs: Runs | None) -> Figure:
    return Figure(
        key="start",
        what="start to first answer",
        ours=ours.answered,
        theirs=theirs.answered if theirs else None,
        unit="s",
        times=5.0,
    )


def _memory(ours: Runs, theirs: Runs | None) -> list[Figure]:
    fewer, more = sorted(ours.pss_with)
    return [
        Figure(
            key="memory-two",
            what=f"memory (PSS) of the whole product, {fewer} engine processes; stock Rasa has one",
            ours=ours.pss_with[fewer],
            theirs=theirs.pss if theirs else None,
            unit="MB",
            limit=1100.0,
        ),
        Figure(
            key="memory-more",
            what="memory (PSS) of one further engine process",
            ours=ours.pss_with[more] - ours.pss_with[fewer],
            unit="MB",
            limit=250.0,
        ),
    ]


def _throughput(runs: dict[str, Runs], missing: str, options: Options) -> Table:
    rows: list[tuple[object, ...]] = []
    for kind, clients in runs["Baton"].figures:
        for name, run in runs.items():
            if (kind, clients) in run.figures:
                seen = [
                    run.figure(kind, clients, f) for f in ("rate", "p50", "p95", "p99", "errors", "empty")
                ]
                rows.append((kind, clients, name, *seen, f"{run.figure(kind, clients, 'own_share'):.1%}"))
    pinned = f"the load generator on processor {options.pin} only" if options.pin >= 0 else "nothing pinned"
    note = (
        f"Medians of {options.rounds} rounds of {options.seconds:.0f} s, alternating; {pinned}, the servers on"
        " any. `plain`: eight texts that need no custom action, again and again, so that Baton has their"
        " meaning in its cache. `varied`: more than 100,000 texts of the same kind. `full`: greeting, orders with"
        " proof, directory look-ups, opening hours and misunderstandings, on Baton alone: stock Rasa"
        " would need an action server for it. The last column is the part of that processor which the"
        " load generator used."
    )
    notes = [note, *([missing] if missing else [])]
    columns = (
        "dialogue",
        "clients",
        "product",
        "messages/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "errors",
        "no words",
        "load",
    )
    return Table(title="REST throughput", columns=columns, rows=rows, notes=notes)


def _cpu(runs: dict[str, Runs]) -> Table:
    rows = []
    for name, run in runs.items():
        for kind, clients in run.cpu:
            parts = [run.cpu_of(kind, clients, part) for part in ("server", "store", "engine")]
            rows.append((name, kind, clients, *parts, sum(parts)))
    columns = ("product", "dialogue", "clients", "web and services", "store", "engine", "together")
    notes = ["Stock Rasa is one process: everything stands under the first part."]
    return Table(title="Processor time per message, ms", columns=columns, rows=rows, notes=notes)


def _start(runs: dict[str, Runs]) -> Table:
    rows: list[tuple[object, ...]] = [
        (name, run.opened, run.answered, run.rss, run.pss) for name, run in runs.items()
    ]
    for engines, pss in runs["Baton"].pss_with.items():
        rows.append((f"Baton, {engines} engine processes", "", "", "", pss))
    columns = ("product", "port open, s", "first answer, s", "RSS, MB", "PSS, MB")
    notes = ["Started again: on the data of an earlier start. Memory is of all processes, after the load."]
    return Table(title="Start-up and memory", columns=columns, rows=rows, notes=notes)
