"""Messages over a stream socket: four bytes of length, then the bytes."""

import socket
import struct

MAX_BYTES = 1 << 30
"""No message is longer; a length beyond it means that the two sides lost each other."""


def pack(*messages: bytes) -> bytes:
    """The messages as they go over the wire."""
    return b"".join(part for message in messages for part in (struct.pack("<I", len(message)), message))


def receive(stream: socket.socket) -> bytes:
    """The next message; EOFError when the other side is gone."""
    (size,) = struct.unpack("<I", _exactly(stream, 4))
    if size > MAX_BYTES:
        raise EOFError(f"a message of {size} bytes")
    return _exactly(stream, size)


def _exactly(stream: socket.socket, size: int) -> bytes:
    parts, left = [], size
    while left:
        part = stream.recv(min(left, 1 << 20))
        if not part:
            raise EOFError("the other side closed")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
