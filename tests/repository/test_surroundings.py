"""The surroundings that ``tests/conftest.py`` promises to every test."""

import asyncio
import os
import socket
from pathlib import Path

import pytest


def test_no_connection_leaves_this_machine() -> None:
    with socket.socket() as connection, pytest.raises(RuntimeError, match="tried to reach"):
        connection.connect(("192.0.2.1", 80))


async def test_no_name_is_looked_up_outside() -> None:
    with pytest.raises(RuntimeError, match="tried to reach"):
        await asyncio.get_running_loop().getaddrinfo("example.org", 80)


async def test_loopback_is_open() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)

        assert await reader.read() == b""

        writer.close()
        await writer.wait_closed()


def test_no_setting_comes_in_from_outside() -> None:
    assert not [name for name in os.environ if name.startswith("GROUNDWIRE_")]


def test_home_is_a_temporary_folder(own_home: Path) -> None:
    assert Path.home() == own_home
