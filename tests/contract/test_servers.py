"""The helper servers themselves: real, separate, and gone afterwards."""

from __future__ import annotations

import socket

import psycopg2
import pytest

from tests.servers import RedisServer, redis_server, require

pytestmark = pytest.mark.services


def ping(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 2) as link:
        link.sendall(b"PING\r\n")
        return link.recv(16)


def test_each_test_has_a_database_of_its_own(postgres_url: str) -> None:
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
    connection.close()


def test_redis_comes_back_on_its_port(redis: RedisServer) -> None:
    assert ping(redis.port) == b"+PONG\r\n"
    redis.kill()
    with pytest.raises(OSError, match="refused"):
        ping(redis.port)
    redis.restart()
    assert ping(redis.port) == b"+PONG\r\n"


def test_a_server_ends_with_its_context() -> None:
    with require(redis_server) as server:
        port = server.port
    with pytest.raises(OSError, match="refused"):
        ping(port)
