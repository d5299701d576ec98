"""Small files for tests, made here: pictures and what only pretends to be one."""

from __future__ import annotations

import struct
import zlib

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
HTML = b"<!doctype html><html><body><script>window.__pwned=4</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="window.__pwned=5"><script>alert(1)</script></svg>'


def png(width: int = 48, height: int = 32, shade: int = 120) -> bytes:
    """Return a picture in one colour."""
    row = b"\x00" + bytes((shade, 160, 90)) * width
    parts = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(row * height)),
        _chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
