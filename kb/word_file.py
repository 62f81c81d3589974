"""Word files as editors write them: each heading is a standard question, what stands under it is the answer."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from zipfile import ZipFile

from docx import Document
from docx.table import Table
from docx.text.paragraph import Paragraph

MOST_UNPACKED = 300_000_000  #: bytes of all parts together: a small file may unpack into a very large one
LABELS = {
    "编号": "external_id", "相似问法": "similar", "微信短版": "short_answer", "分类": "category",
    "负责单位": "unit", "单位": "unit", "依据": "source", "依据的网址": "source_url", "看过依据的日期": "source_seen",
    "依据施行日期": "law_since", "适用地区": "region", "关键词": "keywords", "生效日期": "valid_from",
    "到期日期": "valid_to",
}  # fmt: skip
SEVERAL = ("similar", "keywords")  #: may stand on several lines


class UnreadableError(ValueError):
    """The bytes are no Word file, or one that unpacks into too much."""


class MisplacedError(ValueError):
    """Something that belongs to no article; the text says what to do."""


@dataclass(slots=True)
class _Article:
    """One article in the making."""

    line: int
    question: str
    fields: dict[str, str] = field(default_factory=dict)
    answer: str = ""

    def take(self, text: str, *, listed: bool) -> None:
        """Take a paragraph as one of the fields, or as more of the answer."""
        label, colon, value = text.replace("：", ":", 1).partition(":")
        name = LABELS.get(label.strip()) if colon else None
        if name is None:
            between = "\n" if listed else "\n\n"
            self.answer += (between if self.answer else "") + ("- " if listed else "") + text
        elif name in SEVERAL and name in self.fields:
            self.fields[name] += f"\n{value.strip()}"
        else:
            self.fields[name] = value.strip()

    def record(self) -> dict[str, str]:
        """Return it as a row; without a number of its own the question gives it one, the same each time."""
        own = hashlib.sha256(self.question.encode()).hexdigest()[:12]
        return {"external_id": f"word-{own}", **self.fields, "question": self.question, "answer": self.answer}


def word_records(data: bytes) -> Iterator[tuple[int, dict[str, str] | MisplacedError]]:
    """Yield each article with the number of its heading among the paragraphs, and what belongs to none.

    Lines that begin with a label and a colon (编号, 相似问法, 依据 …) are fields. Raises ``UnreadableError``.
    """
    article: _Article | None = None
    for line, part in enumerate(_parts(data), start=1):
        if isinstance(part, Table):
            yield line, MisplacedError("表格不能从Word导入，请写成文字，或者用xlsx文件")
        elif not part.text.strip() or _style(part) == "Title":
            continue
        elif _style(part).startswith("Heading"):
            if article is not None:
                yield article.line, article.record()
            article = _Article(line=line, question=part.text.strip())
        elif article is None:
            yield line, MisplacedError("前面没有标题，不知道是哪一条的，请给问题用标题样式")
        else:
            article.take(part.text.strip(), listed=_is_listed(part))
    if article is not None:
        yield article.line, article.record()


def _parts(data: bytes) -> list[Paragraph | Table]:
    try:
        with ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise UnreadableError("unpacks into too much")
        return list(Document(io.BytesIO(data)).iter_inner_content())
    except Exception as error:  # zip, XML and relations each fail in ways of their own
        raise UnreadableError(type(error).__name__) from error


def _style(paragraph: Paragraph) -> str:
    return (paragraph.style.name if paragraph.style is not None else None) or ""


def _is_listed(paragraph: Paragraph) -> bool:
    """Tell whether a paragraph is an item of a list, by its style or by a number of its own."""
    return _style(paragraph).startswith("List") or bool(paragraph._p.xpath("./w:pPr/w:numPr"))  # noqa: SLF001
