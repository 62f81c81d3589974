"""Tells a request of our own pages from one that another site made the browser send."""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether the browser says that the request comes from a page of this host.

    ``Sec-Fetch-Site`` decides where the browser sends it (secure contexts only), else ``Origin``.
    Without either there is no telling, and the answer is no.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    host = headers.get("Host", "")
    try:
        origin = urlsplit(headers.get("Origin", ""))
    except ValueError:
        return False
    return bool(host) and origin.scheme in ("http", "https") and origin.netloc.lower() == host.lower()
