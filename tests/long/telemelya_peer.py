"""Runs with telemelya's own Python: its server, with the Redis and the S3 that it wants, in one process.

`python telemelya_peer.py` prints the address of the server once it listens, and serves until its input
ends. It imports nothing of Baton.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    from fakeredis import TcpFakeServer
    from moto.server import ThreadedMotoServer

    redis = TcpFakeServer(("127.0.0.1", free_port()), server_type="redis")
    threading.Thread(target=redis.serve_forever, daemon=True).start()
    files = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    files.start()
    port = free_port()
    os.environ |= {
        "MOCK_SERVER_HOST": "127.0.0.1",
        "MOCK_SERVER_PORT": str(port),
        "MOCK_SERVER_URL": f"http://127.0.0.1:{port}",
        "REDIS_URL": f"redis://127.0.0.1:{redis.server_address[1]}/0",
        "MINIO_ENDPOINT": "{}:{}".format(*files.get_host_and_port()),
        "AUTH_KEYS": "testkey",
        "STRICT_EDIT": "true",
    }
    # The settings are read when it is imported.
    import uvicorn
    from telemelya.server.app import app

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    print(f"http://127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
