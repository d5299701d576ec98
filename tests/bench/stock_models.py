"""Stock Rasa's models of the shipped assistant, and how long its training takes: `.bench/stock-models`.

Run as `python -m tests.bench.stock_models` to make what `make bench` needs for today's data, once for
each state of it. `--again` trains anew, to measure the training on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import procs, stock
from tests.bench.shop import PROJECT
from tests.bench.stock import StockUnavailable

MODELS = stock.HOME / "stock-models"
CONFIG = "lib/python3.10/site-packages/rasa/cli/initial_project/config.yml"
"""What `rasa init` gives a new project: the default pipeline (DIET) and policies (TED, UnexpecTED)."""
ALL_EPOCHS = 100
"""How many rounds Rasa's default config trains."""
EPOCHS = 12
"""Rounds for the model that is run, as all would take hours for this much data: enough to know the
benchmark's plain messages. What a message costs does not depend on them; accuracy is compared elsewhere.
"""
FEW_EPOCHS = 2
"""Rounds of a second training, which shows what a further one takes."""
BUSY = 0.1
"""From what part of the machine on other programs falsify a time."""
DATA = ("data/nlu", "data/lookups", "data/rules", "data/stories")


@dataclass(frozen=True, kw_only=True)
class Training:
    """How long one `rasa train` took, from the command to its end.

    `cpu_seconds` is of all its threads, `cores` how many processors there were, and `others` the part
    of them that other programs used meanwhile.
    """

    epochs: int
    seconds: float
    cpu_seconds: float
    cores: int
    others: float

    @property
    def least(self) -> float:
        """Return how long it takes at least: what it took, or on a busy machine with all cores its own."""
        return self.seconds if self.others < BUSY else self.cpu_seconds / self.cores


def model(rasa: Path, *, older: bool = False) -> Path:
    """Return a model of the shipped assistant, trained by stock Rasa with its default pipeline.

    With `older` the newest one that is there will do, though the data may have changed since.
    """
    path = MODELS / f"{data_hash()}.tar.gz"
    if path.exists():
        return path
    there = sorted(MODELS.glob("*.tar.gz"), key=lambda found: found.stat().st_mtime)
    if older and there:
        return there[-1]
    _train_assistant(rasa, path, EPOCHS)
    return path


def trainings(rasa: Path, model_path: Path, *, older: bool = False) -> list[Training]:
    """Return how long the trainings with few and with more rounds took; without the few if `older`."""
    few = _record(model_path, FEW_EPOCHS)
    if not few.exists() and not older and model_path.name == f"{data_hash()}.tar.gz":
        with tempfile.TemporaryDirectory() as folder:  # nobody needs the model
            _train_assistant(rasa, Path(folder) / model_path.name, FEW_EPOCHS)
            shutil.copy(_record(Path(folder) / model_path.name, FEW_EPOCHS), few)
    records = [few, _record(model_path, EPOCHS)]
    return [Training(**json.loads(path.read_text())) for path in records if path.exists()]


def train(rasa: Path, command: Sequence[str], path: Path, *, epochs: int) -> Training:
    """Train with the default pipeline and `epochs` rounds into `path`; keep beside it how long it took."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="baton-stock-") as folder:  # nothing cached, nothing left
        (Path(folder) / "config.yml").write_text(_config(epochs), encoding="utf-8")
        out = ["--config", "config.yml", "--out", ".", "--fixed-model-name", "made"]
        begun, used, busy = time.perf_counter(), _children_cpu(), procs.busy_seconds()
        log = path.with_name(f"{path.name.partition('.')[0]}-{epochs}.log")
        stock.run([str(rasa), *command, *out], cwd=folder, log=log)
        seconds, cpu = time.perf_counter() - begun, _children_cpu() - used
        cores = os.cpu_count() or 1
        training = Training(
            epochs=epochs,
            seconds=round(seconds, 1),
            cpu_seconds=round(cpu, 1),
            cores=cores,
            others=round(max(procs.busy_seconds() - busy - cpu, 0.0) / seconds / cores, 3),
        )
        made = Path(folder) / "made.tar.gz"
        if not made.exists():
            raise StockUnavailable("stock Rasa's training left no model")
        shutil.move(made, path)
    _record(path, epochs).write_text(json.dumps(asdict(training)))
    return training


def each(few: Training, most: Training) -> float:
    """Return the seconds of one further round."""
    return (most.least - few.least) / (most.epochs - few.epochs)


def whole(found: Sequence[Training]) -> float | None:
    """Work out the seconds of a training with all rounds from two with fewer; None without two."""
    if len(found) < 2:
        return None
    few, *_, most = sorted(found, key=lambda one: one.epochs)
    return most.least + each(few, most) * (ALL_EPOCHS - most.epochs)


def data_hash() -> str:
    """Return a name for the state of the data that a model is trained on."""
    digest = hashlib.sha256(stock.VERSION.encode())
    for file in [
        PROJECT / "domain.yml",
        *(f for name in DATA for f in sorted((PROJECT / name).rglob("*.yml"))),
    ]:
        digest.update(str(file.relative_to(PROJECT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _train_assistant(rasa: Path, path: Path, epochs: int) -> None:
    print(f"training stock Rasa on this data, {epochs} epochs (once; takes long)", flush=True)
    with tempfile.TemporaryDirectory(prefix="baton-stock-") as name:  # the data may change meanwhile
        copy = Path(name)
        shutil.copy(PROJECT / "domain.yml", copy)
        for part in filter(lambda part: (PROJECT / part).exists(), DATA):
            shutil.copytree(PROJECT / part, copy / part)
        command = ["train", "--domain", str(copy / "domain.yml"), "--data", str(copy / "data")]
        found = train(rasa, command, path, epochs=epochs)
    print(f"  took {found.seconds:.0f} s, {found.cpu_seconds:.0f} s of processor time", flush=True)


def _record(path: Path, epochs: int) -> Path:
    return path.with_name(f"{path.name.partition('.')[0]}-{epochs}.json")


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _config(epochs: int) -> str:
    """Return Rasa's default pipeline and policies, which it ships as comments, with fewer epochs."""
    shipped = (stock.ENVIRONMENT / CONFIG).read_text(encoding="utf-8")
    config = re.sub(r"^# {2,3}(?=\s|-)", "  ", shipped, flags=re.MULTILINE)
    config = re.sub(r"epochs: \d+", f"epochs: {epochs}", config)
    if config.count(f"epochs: {epochs}") < 3:
        raise StockUnavailable("stock Rasa's default config is not as it was")
    return config


def main() -> None:
    """Make both models of today's data unless they are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="train though the models are there")
    again, rasa = parser.parse_args().again, stock.environment()
    path = MODELS / f"{data_hash()}.tar.gz"
    if again:
        for old in (path, _record(path, EPOCHS), _record(path, FEW_EPOCHS)):
            old.unlink(missing_ok=True)
    for found in trainings(rasa, model(rasa)):
        print(found)


if __name__ == "__main__":
    main()
