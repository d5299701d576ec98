"""Run the fake by hand and play a customer: `python -m tests.fake_whatsapp --webhook URL`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import httpx

from tests.fake_whatsapp.console import HELP, Console, ShiftedClock
from tests.fake_whatsapp.server import NUMBER, FakeWhatsApp
from tests.fake_whatsapp.shown import number_from


async def run(options: argparse.Namespace) -> None:
    """Serve until the input ends or says /quit."""
    number_from(int(time.time()))
    clock = ShiftedClock()
    async with FakeWhatsApp(clock=clock, port=options.port) as fake:
        print(settings(fake), flush=True)
        fake.template("reply_waiting", "Hello {{1}}, we have an answer for you.")
        await introduce(fake, options.webhook)
        console = Console(fake, fake.customer(options.name, options.identity), clock)
        print(HELP, flush=True)
        watcher = asyncio.create_task(console.watch())
        try:
            while (line := await asyncio.to_thread(sys.stdin.readline)) and line.strip() != "/quit":
                if printed := await console.take(line):
                    print(printed, flush=True)
        finally:
            watcher.cancel()
        for violation in fake.violations:
            print("The platform would refuse:", violation, flush=True)


async def introduce(fake: FakeWhatsApp, url: str) -> None:
    """Enter the webhook as in the platform's dashboard; wait for a server that is still starting."""
    for _ in range(60):
        try:
            if await fake.register(url):
                print(f"Webhooks go to {url}", flush=True)
                return
            print("The webhook does not give the challenge back. Is the verify token the same?", flush=True)
        except httpx.HTTPError as error:
            print(f"{url}: {type(error).__name__}", flush=True)
        await asyncio.sleep(1)
    raise SystemExit("Nobody answered.")


def settings(fake: FakeWhatsApp) -> str:
    """Return what Baton has to be told."""
    return "\n".join(
        (
            f"BATON_WHATSAPP_API_URL={fake.url}",
            f"BATON_WHATSAPP_PHONE_NUMBER_ID={NUMBER.id}",
            f"BATON_WHATSAPP_TOKEN={NUMBER.token}",
            f"BATON_WHATSAPP_APP_SECRET={NUMBER.app_secret}",
            f"BATON_WHATSAPP_VERIFY_TOKEN={NUMBER.verify_token}",
            "BATON_WHATSAPP_TEMPLATE=reply_waiting",
        )
    )


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description="A strict stand-in for the WhatsApp Cloud API.")
    parser.add_argument("--port", type=int, default=9104)
    parser.add_argument("--webhook", default="http://127.0.0.1:8080/webhooks/whatsapp")
    parser.add_argument("--name", default="Ada", help="the customer's name")
    parser.add_argument("--identity", choices=("phone", "both", "bsuid"), default="both")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
