"""Messages between the runtime and an arm's server: a JSON header, then raw arrays; no pickle.

    send(sock, {"do": "command", "opening": 0.04}, {"joints": joints})
    header, arrays = receive(sock)

Four bytes (big endian) give the length of the header; its "arrays" give name, type and shape of what follows.
"""

import json
import socket
import struct
from collections.abc import Mapping

import numpy as np

LENGTH = struct.Struct(">I")
DTYPES = ("uint8", "float32", "float64")
MOST_HEADER, MOST_ARRAY = 1 << 20, 1 << 26
"""Bytes beyond which a message is taken for a broken one."""


def send(sock: socket.socket, header: Mapping, arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Send one message.

    Raises:
        ConnectionError: The other end is gone.
    """
    blobs = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    described = [[name, array.dtype.name, list(array.shape)] for name, array in blobs.items()]
    text = json.dumps({**header, "arrays": described}).encode()
    sock.sendall(b"".join([LENGTH.pack(len(text)), text, *(array.tobytes() for array in blobs.values())]))


def receive(sock: socket.socket) -> tuple[dict, dict[str, np.ndarray]]:
    """Wait for one message.

    Raises:
        ConnectionError: The other end is gone, or what it sends is no message.
        TimeoutError: Nothing came within the socket's timeout.
    """
    (length,) = LENGTH.unpack(exactly(sock, LENGTH.size))
    if length > MOST_HEADER:
        raise ConnectionError(f"A header of {length} bytes is no message of this protocol.")
    try:
        header = json.loads(exactly(sock, length))
        described = [(str(name), str(kind), tuple(map(int, shape))) for name, kind, shape in header.pop("arrays")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConnectionError(f"The header is no message of this protocol: {error}") from error
    return header, {name: _array(sock, kind, shape) for name, kind, shape in described}


def _array(sock: socket.socket, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Read one array."""
    if kind not in DTYPES or any(size < 0 for size in shape):
        raise ConnectionError(f"An array of {kind} {shape} is not part of this protocol; types are {DTYPES}.")
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    if size > MOST_ARRAY:
        raise ConnectionError(f"An array of {size} bytes is beyond the protocol's {MOST_ARRAY}.")
    return np.frombuffer(exactly(sock, size), kind).reshape(shape)


def exactly(sock: socket.socket, size: int) -> bytearray:
    """Read so many bytes."""
    data, there = bytearray(size), 0
    view = memoryview(data)
    while there < size:
        came = sock.recv_into(view[there:])
        if came == 0:
            raise ConnectionError("The other end closed the connection.")
        there += came
    return data
