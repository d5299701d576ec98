"""Run inside stock Rasa's environment: what its model makes of each text. Needs nothing of Baton.

`python stock_parse.py MODEL TEXTS.json OUT.json`; the intent is the first that is not the fallback's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path


async def main(model: str, texts: str, out: str) -> None:
    """Write [intent, confidence] of each text and the mean milliseconds of one."""
    from rasa.core.agent import Agent

    agent = Agent.load(model)
    rows = json.loads(Path(texts).read_text(encoding="utf-8"))
    await agent.parse_message("warm up")
    found: list[tuple[str, float]] = []
    begun = time.perf_counter()
    for text in rows:
        parsed = await agent.parse_message(text)
        ranking = [one for one in parsed.get("intent_ranking", []) if one["name"] != "nlu_fallback"]
        best = ranking[0] if ranking else {"name": "", "confidence": 0.0}
        found.append((str(best["name"]), float(str(best["confidence"]))))
    took = (time.perf_counter() - begun) * 1000 / max(len(rows), 1)
    kept = json.dumps({"found": found, "milliseconds": took})
    Path(out).write_text(kept, encoding="utf-8")


asyncio.run(main(*sys.argv[1:]))
