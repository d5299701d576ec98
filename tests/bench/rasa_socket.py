"""The server that rasa-webchat wants before it shows itself: Rasa's socket.io channel, greetings only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def rasa_socket() -> AsyncIterator[str]:
    """Serve it and yield its address."""
    # Both come with Rasa; what merely lists the benchmarks need not have them.
    import socketio
    from aiohttp import web

    sockets = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")

    async def confirm(sid: str, data: object) -> None:
        await sockets.emit("session_confirm", sid, room=sid)

    sockets.on("session_request", confirm)
    app = web.Application()
    sockets.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await sockets.shutdown()
        await runner.cleanup()
