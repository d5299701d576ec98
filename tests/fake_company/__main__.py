"""Run the fake company by hand: `python -m tests.fake_company FOLDER [PORT]`, to try Baton against it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.clock import SystemClock
from connectors.customers.demo import DemoDirectory
from tests.fake_company.server import TOKEN, FakeCompany

PORT = 9000


async def serve(folder: Path, port: int) -> None:
    """Serve the demo shop's data, and say what is asked and what was wrong with it."""
    demo = DemoDirectory(folder / "company.db", SystemClock())
    await demo.start()
    async with FakeCompany(demo, port=port) as company:
        print(f"BATON_CUSTOMERS_URL={company.url}\nBATON_CUSTOMERS_TOKEN={TOKEN}", flush=True)
        seen = wrong = 0
        while True:
            await asyncio.sleep(0.2)
            for request in company.received[seen:]:
                print(request.method, request.target, flush=True)
            for violation in company.violations[wrong:]:
                print("  not in the document:", violation, flush=True)
            seen, wrong = len(company.received), len(company.violations)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else PORT))
