"""Hostile connections to our own servers on loopback, for `tests.soak`: silent, dripping, slow and idle ones.

`python -m tests.soak.hostile KIND` reads where to connect as JSON from its input, and lives until that input ends. It
keeps COUNT connections open from many addresses and replaces those that are closed, PAUSE_S later each.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

COUNT = 200
PAUSE_S = 4.0
ADDRESSES = 50
LONGEST_S = 300
"""It ends by itself, also when nobody ends it."""


@dataclass(frozen=True)
class Target:
    """`http`, `dicom`: ports. `token`: it uploads, but is not the honest sender's. `cookie`, `path`: a session and its
    download.
    `associate`: an A-ASSOCIATE-RQ that is accepted, as hexadecimal digits."""

    http: int
    dicom: int
    token: str
    cookie: str
    path: str
    associate: str


Attack = Callable[[Target, str], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@cache
def _blind() -> ssl.SSLContext:
    """Made once: reading the certificates of the machine for each connection would be the slowest part of an attack."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def _https(target: Target, source: str) -> Streams:
    """Takes little in advance: the kernel would take megabytes for a slow reader."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    line.setblocking(False)
    try:
        line.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", target.http))
    except OSError:
        line.close()
        raise
    return await asyncio.open_connection(sock=line, ssl=_blind(), server_hostname="127.0.0.1", limit=4096)


async def _drip(streams: Streams, start: bytes, drop: bytes = b"x") -> None:
    """A drop a second until the server closes."""
    reader, writer = streams
    try:
        writer.write(start)
        while not reader.at_eof():
            writer.write(drop)
            await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(4096), 1)
    finally:
        writer.close()


def _upload(header: str) -> bytes:
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    lines = ["POST /dicomweb/studies HTTP/1.1", "Host: x", f"Content-Type: {kind}", "Content-Length: 1000000", header]
    return "\r\n".join(line for line in lines if line).encode() + b"\r\n\r\n--x\r\n"


async def uploads_without_token(target: Target, source: str) -> None:
    await _drip(await _https(target, source), _upload(""))


async def uploads_with_token(target: Target, source: str) -> None:
    await _drip(await _https(target, source), _upload(f"Authorization: Bearer {target.token}"))


async def slow_readers(target: Target, source: str) -> None:
    reader, writer = await _https(target, source)
    try:
        lines = [f"GET {target.path} HTTP/1.1", "Host: x", "Connection: close", f"Cookie: {target.cookie}"]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        while await reader.read(100):
            await asyncio.sleep(1)
    finally:
        writer.close()


async def silent_http(target: Target, source: str) -> None:
    """Every second one says nothing at all; the others begin a request that never ends."""
    if int(source.rpartition(".")[2]) % 2:
        await _silent(target.http, source)
    else:
        await _drip(await _https(target, source), b"GET /exams HTTP/1.1\r\nX-Long: ")


async def silent_dicom(target: Target, source: str) -> None:
    await _silent(target.dicom, source)


async def idle_associations(target: Target, source: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.dicom, local_addr=(source, 0))
    try:
        writer.write(bytes.fromhex(target.associate))
        while await reader.read(4096):
            pass
    finally:
        writer.close()


async def slow_dimse_data(target: Target, source: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.dicom, local_addr=(source, 0))
    start = bytes.fromhex(target.associate) + struct.pack(">BBI", 4, 0, 100_000)
    await _drip((reader, writer), start)


async def _silent(port: int, source: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        await reader.read()
    finally:
        writer.close()


KINDS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        uploads_without_token,
        uploads_with_token,
        slow_readers,
        silent_http,
        silent_dicom,
        idle_associations,
        slow_dimse_data,
    )
}


async def _again_and_again(attack: Attack, target: Target, number: int) -> None:
    source = f"127.0.1.{1 + number % ADDRESSES}"
    await asyncio.sleep(number / COUNT)
    while True:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            await attack(target, source)
        await asyncio.sleep(PAUSE_S)


async def _attack(attack: Attack, target: Target) -> None:
    tasks: list[Any] = [asyncio.ensure_future(_again_and_again(attack, target, number)) for number in range(COUNT)]
    over = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([over], timeout=LONGEST_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def main(kind: str) -> None:
    asyncio.run(_attack(KINDS[kind], Target(**json.loads(sys.stdin.readline()))))


if __name__ == "__main__":
    main(sys.argv[1])
