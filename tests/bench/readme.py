"""Put the figures of a run into the README, between two comment marks, and draw its picture.

`make bench ARGS=--write-readme` does it after measuring; `python -m tests.bench.readme` with what
`results/bench.json` holds. Numbers are never typed by hand.
"""

from __future__ import annotations

import html
import sys

from tests.bench import figures, picture
from tests.bench.results import FOR_PROGRAMS, Results, read
from tests.bench.shop import PROJECT

README = PROJECT / "README.md"
PICTURE = PROJECT / "docs" / "bench.svg"
BEGIN = "<!-- figures: `make bench ARGS=--write-readme` writes what follows -->"
BUSY = 0.5
"""From what load on, before a run begins, it is said that the machine was busy."""
END = "<!-- figures end -->"


def write(results: Results) -> None:
    """Renew the table and the picture. Raises ValueError when the README lacks the marks."""
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks {BEGIN} or {END}")
    PICTURE.write_text(picture.draw(results), encoding="utf-8")
    README.write_text(f"{before}{BEGIN}\n{block(results)}\n{END}{after}", encoding="utf-8")


def block(results: Results) -> str:
    """Return what stands between the marks."""
    place = PICTURE.relative_to(PROJECT)
    alternative = html.escape(picture.described(results))
    lines = figures.table(results.figures, []).markdown().splitlines()[2:]
    busy = " while other work kept it busy" if results.load > BUSY else ""
    pinned = ", the load generator held to one of them" if results.pinned else ""
    how = (
        f"Measured on {results.machine}{busy}{pinned}; medians of {results.rounds} rounds"
        f" ({results.minutes:.0f} minutes in all)."
    )
    notes = " ".join([*results.notes, *results.missing])
    image = f'<img src="{place}" width="100%" alt="{alternative}">'
    return "\n".join([image, "", how, "", "\n".join(lines).rstrip(), "", notes]).rstrip()


if __name__ == "__main__":
    if not FOR_PROGRAMS.exists():
        sys.exit(f"There is no {FOR_PROGRAMS.relative_to(PROJECT)}: run `make bench` first.")
    write(read())
