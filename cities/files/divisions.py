"""divisions.yaml: the counties and districts of each city with their codes."""

import re
from collections.abc import Mapping

from cities.pages import Table

_CODE = re.compile(r"[0-9]{6}")


def read(top: Table, city: str) -> Mapping[str, str]:
    """Return code and name of every county or district of ``city``; none where the file does not name it."""
    found: dict[str, str] = {}
    for name in top.rows:
        rows = top.table(name)
        for code in rows.rows:
            if not _CODE.fullmatch(code):
                rows.complain(f"“{code}”不是行政区划代码，要写六位数字。", code)
            if name == city:
                found[code] = rows.text(code)
    return found
