"""Run the fake by hand and play a customer: `python -m tests.fake_telegram --webhook URL`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.fake_telegram.console import HELP, Console
from tests.fake_telegram.courier import Webhook
from tests.fake_telegram.server import TOKEN, FakeTelegram

SECRET = "webhook-secret-of-the-tests-0123456789"


async def run(options: argparse.Namespace) -> None:
    """Serve until the input ends or says /quit."""
    async with FakeTelegram(port=options.port) as fake:
        fake.bot.number_from(int(time.time()))
        print(settings(fake, options.webhook), flush=True)
        console = Console(fake, fake.customer(options.chat, options.name, username=options.name.lower()))
        print(HELP, flush=True)
        watcher = asyncio.create_task(console.watch())
        try:
            while (line := await asyncio.to_thread(sys.stdin.readline)) and line.strip() != "/quit":
                if printed := await console.take(line):
                    print(printed, flush=True)
            await asyncio.sleep(0.2)
        finally:
            watcher.cancel()
        for violation in fake.violations:
            print("The platform refused:", violation, flush=True)


def settings(fake: FakeTelegram, webhook: str) -> str:
    """Return what Baton has to be told; with a webhook address, enter it as Baton's setWebhook would."""
    lines = [f"BATON_TELEGRAM_API_URL={fake.url}", f"BATON_TELEGRAM_TOKEN={TOKEN}"]
    lines.append(f"BATON_TELEGRAM_SECRET={SECRET}")
    if webhook:
        fake.bot.courier.start(Webhook(url=webhook, secret=SECRET))
        lines.append(f"Updates go to {webhook} until the bot says otherwise.")
    else:
        lines.append("BATON_TELEGRAM_MODE=polling, or a bot that sets its webhook itself.")
    return "\n".join(lines)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description="A strict stand-in for the Telegram Bot API.")
    parser.add_argument("--port", type=int, default=9103)
    parser.add_argument("--webhook", default="", help="where updates go before the bot calls setWebhook")
    parser.add_argument("--name", default="Ada", help="the customer's name")
    parser.add_argument("--chat", type=int, default=0, help="the customer's id")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
