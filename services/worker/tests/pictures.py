"""Real picture files for tests, decent and otherwise."""

import struct
import zlib
from pathlib import Path

from PIL import Image

ORIENTATION, DESCRIPTION = 0x0112, 0x010E


def sideways_photograph(path: Path, size=(1200, 900)) -> Path:
    """A JPEG lying on its side: red left half as stored, to be shown turned clockwise, with metadata."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[ORIENTATION], exif[DESCRIPTION] = 6, "taken at a secret place"
    picture.save(path, "JPEG", exif=exif, comment=b"a secret comment", quality=95)
    return path


def see_through(path: Path, size=(400, 300)) -> Path:
    """A PNG whose left half can be seen through."""
    picture = Image.new("RGBA", size, (0, 128, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    picture.save(path, "PNG")
    return path


def bomb(path: Path, width=60_000, height=60_000) -> Path:
    """A PNG of under a hundred bytes that declares billions of pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"x") + _chunk(b"IEND", b""))
    return path


def animation(path: Path, frames: int) -> Path:
    """A GIF of so many different frames."""
    pictures = [Image.new("L", (8, 8), number % 256) for number in range(frames)]
    pictures[0].save(path, "GIF", save_all=True, append_images=pictures[1:], duration=20)
    return path


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
