"""Small files of each kind, made by the libraries that make real ones."""

import io
import zipfile
from typing import Any

from PIL import Image


def an_image(name: str, *, size: tuple[int, int] = (40, 20), comment: str = "", **more: Any) -> bytes:
    """Return a picture in Pillow's format ``name``: a gradient, so that it is not all one colour."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    out = io.BytesIO()
    if comment and name != "WEBP":
        more["comment"] = comment.encode()
    image.save(out, name, **more)
    return out.getvalue()


def an_office_file(part: str, *, body: bytes = b"<w/>") -> bytes:
    """Return the smallest archive that names itself as the office document whose main part is ``part``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, body)
    return out.getvalue()
