"""tags.yaml: the words by which tags are told in every city."""

from cities.forms import Reader, versions
from cities.pages import Table
from hotline.citypack import TagWords


def read(top: Table, reader: Reader) -> tuple[TagWords, ...]:
    """Return the words of each tag, in the order in which tags are told."""
    pieced = reader.with_pieces(top.table("sets").pieces() if top.has("sets") else {})
    found = versions(top.tables("tags"), lambda table: pieced.read(TagWords, table))
    top.close()
    return found
