"""Stock Rasa's intent classifier (DIET in the default pipeline, all epochs) on the public sets.

What it predicts is kept in `.bench/stock-nlu/`, so that a set costs its 5 to 15 minutes once.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.training.measure import OUT_OF_SCOPE, Prediction, Report, Row, auroc, report
from tests.bench import stock, stock_models

KEPT = stock.HOME / "stock-nlu"
SETS = ("hint3/curekart_train", "hint3/powerplay11_train", "banking77/train_10", "hwu64/train_10")
"""The sets that it is trained on; BANKING77 in full would take it hours."""
PARSE = Path(__file__).with_name("stock_parse.py")


@dataclass(frozen=True, kw_only=True)
class StockFigures:
    """What it reached; times are seconds of training and milliseconds a message."""

    understanding: Report
    auroc: float | None
    training_seconds: float
    milliseconds: float


def stock_figures(
    name: str, train: Sequence[Row], test: Sequence[Row], *, make: bool
) -> StockFigures | None:
    """Return stock Rasa's figures of a set; None if they are not there and not to be made.

    Raises StockUnavailable where stock Rasa cannot be had.
    """
    path = KEPT / f"{name.replace('/', '-')}-{_hash(train, test)}.json"
    if not path.exists():
        if not make or name not in SETS:
            return None
        KEPT.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_make(name, train, test)))
    kept = json.loads(path.read_text())
    seen = [Prediction(intent=i, confidence=c, fallback=False) for i, c in kept["found"]]
    sides = {
        outside: [
            p.confidence for r, p in zip(test, seen, strict=True) if (r.intent in OUT_OF_SCOPE) == outside
        ]
        for outside in (True, False)
    }
    return StockFigures(
        understanding=report(test, seen),
        auroc=auroc(sides[False], sides[True]) if sides[True] else None,
        training_seconds=kept["seconds"],
        milliseconds=kept["milliseconds"],
    )


def _make(name: str, train: Sequence[Row], test: Sequence[Row]) -> dict[str, object]:
    """Train and predict the same rows as Baton does: those with a text and an intent within scope."""
    rasa = stock.environment()
    print(f"training stock Rasa on {name} (once; 5 to 15 minutes)", flush=True)
    with tempfile.TemporaryDirectory(prefix="baton-stock-") as made:
        folder = Path(made)
        (folder / "data").mkdir()
        (folder / "data" / "nlu.json").write_text(json.dumps(_training_data(train)), encoding="utf-8")
        command = ["train", "nlu", "--nlu", str(folder / "data")]
        training = stock_models.train(
            rasa, command, folder / "model.tar.gz", epochs=stock_models.ALL_EPOCHS
        )
        (folder / "texts.json").write_text(json.dumps([row.text for row in test]), encoding="utf-8")
        files = [str(folder / file) for file in ("model.tar.gz", "texts.json", "found.json")]
        stock.run([str(stock.ENVIRONMENT / "bin" / "python"), str(PARSE), *files], cwd=made)
        found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return {"seconds": training.seconds, "cpu_seconds": training.cpu_seconds, **found}


def _training_data(rows: Sequence[Row]) -> dict[str, object]:
    """Return Rasa's JSON format: its YAML would take brackets in a text for entities."""
    known = [row for row in rows if row.text.strip() and row.intent and row.intent not in OUT_OF_SCOPE]
    examples = [{"text": row.text, "intent": row.intent, "entities": []} for row in known]
    return {"rasa_nlu_data": {"common_examples": examples}}


def _hash(*groups: Sequence[Row]) -> str:
    digest = hashlib.sha256(stock.VERSION.encode())
    for row in (row for rows in groups for row in rows):
        digest.update(f"{row.text}\0{row.intent}\0".encode())
    return digest.hexdigest()[:12]
