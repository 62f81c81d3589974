"""Makes pictures anew from their pixels alone: nothing of where, when and with what they were taken is left.

Everything here blocks and holds a picture in memory: call it in a thread, one at a time.
"""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps, ImageSequence

from channels.attachments import GIF, JPEG, PNG, WEBP
from channels.base import RefusedFileError

MOST_PIXELS = 25_000_000  #: of what is decoded: 100 MB at four bytes each
MOST_JPEG_PIXELS = 120_000_000  #: a telephone's 108 million; of more than above one in four is decoded
MOST_FRAMES = 200
_FORMATS: Mapping[str, str] = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}
_SAVED: Mapping[str, Mapping[str, Any]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "GIF": {},
    "WEBP": {"quality": 90, "method": 4},
}

# Pillow would warn about what is looked at below, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


def remade(data: bytes, kind: str) -> bytes:
    """Return the picture ``data`` upright and without anything but its pixels; the same for the same picture.

    Raises ``RefusedFileError``: damaged, or of more pixels than may be.
    """
    name = _FORMATS[kind]
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as image:
            _check_size(image, name)
            if name in ("GIF", "WEBP") and getattr(image, "n_frames", 1) > 1:
                return _moving(image, name)
            return _saved([_bare(image, name)], name)
    except RefusedFileError:
        raise
    except Exception as error:  # decoders of damaged pictures raise whatever they please
        raise RefusedFileError("damaged", size=len(data)) from error


def _check_size(image: Image.Image, name: str) -> None:
    pixels = image.width * image.height
    most = MOST_JPEG_PIXELS if name == "JPEG" else MOST_PIXELS
    if pixels > most:
        raise RefusedFileError("pixels")
    if pixels > MOST_PIXELS:
        image.draft(None, (image.width // 2, image.height // 2))


def _bare(image: Image.Image, name: str) -> Image.Image:
    upright = _upright(image)
    if name == "JPEG":
        upright = upright.convert("L" if upright.mode == "L" else "RGB")
    elif name == "WEBP":
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    elif upright.mode == "P" and upright.has_transparency_data:
        upright = upright.convert("RGBA")
    upright.info = {}  # comments, profiles and whatever else a saver might take from there
    return upright


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 — what is written about the picture is broken, the picture is not
        return image.copy()


def _moving(image: Image.Image, name: str) -> bytes:
    frames = getattr(image, "n_frames", 1)
    if frames > MOST_FRAMES or frames * image.width * image.height > MOST_PIXELS:
        raise RefusedFileError("pixels")
    bare, times = [], []
    for frame in ImageSequence.Iterator(image):
        times.append(min(max(int(frame.info.get("duration", 100)), 20), 10_000))
        one = frame.convert("RGBA")
        one.info = {}
        bare.append(one)
    return _saved(bare, name, duration=times, loop=0)


def _saved(frames: list[Image.Image], name: str, **more: Any) -> bytes:
    out = io.BytesIO()
    following = {"save_all": True, "append_images": frames[1:], **more} if len(frames) > 1 else {}
    frames[0].save(out, name, **_SAVED[name], **following)
    return out.getvalue()
