"""Smaller copies of a picture, upright and without metadata; what is no decent picture is refused."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from services.worker.errors import ImageTooLarge, ImageUnreadable

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SIZES = {"thumb": 200, "medium": 800}
MAX_PIXELS = 50_000_000
MAX_FRAMES = 500

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class Variant(NamedTuple):
    """One smaller copy, encoded."""

    name: str
    content: bytes
    content_type: str
    width: int
    height: int


def make_variants(file: BinaryIO) -> list[Variant]:
    """Every size of SIZES, never larger than the original; ImageUnreadable or ImageTooLarge where it can't be."""
    with _refusals():
        return [_variant(file, name, edge) for name, edge in SIZES.items()]


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what Pillow raises on bad files into problems; its bomb warning counts as an error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageTooLarge(f"The picture has more than {MAX_PIXELS:,} pixels.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise ImageUnreadable("The file is not a whole JPEG, PNG, WebP or GIF picture.") from error


def _variant(file: BinaryIO, name: str, edge: int) -> Variant:
    with Image.open(file, formats=FORMATS) as original:
        if getattr(original, "n_frames", 1) > MAX_FRAMES:
            raise ImageTooLarge(f"The picture has more than {MAX_FRAMES} frames.")
        # Shrinking first lets JPEG decode at a fraction of its size; turning a square bound afterwards is the same.
        original.thumbnail((edge, edge))
        clean = _fresh(ImageOps.exif_transpose(original))
    content = io.BytesIO()
    if clean.mode == "RGBA":
        clean.save(content, "PNG", optimize=True)
        return Variant(name, content.getvalue(), "image/png", *clean.size)
    clean.save(content, "JPEG", quality=85, optimize=True, progressive=True)
    return Variant(name, content.getvalue(), "image/jpeg", *clean.size)


def _fresh(picture: Image.Image) -> Image.Image:
    """The same pixels in an image that never heard of the original's metadata."""
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    pixels = picture.convert(mode)
    return Image.frombytes(mode, pixels.size, pixels.tobytes())
