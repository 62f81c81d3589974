"""YAML files read key by key, so that every finding can name its file and line."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TypeVar

import yaml

from cities.grams import is_endless, is_runaway, shortest

Item = TypeVar("Item")

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # plain strings only; the C one is ten times faster
_PIECE = re.compile(r"\{([a-z_]+)\}")
MOST_SHOWN = 40  #: words of a list that a finding names
_QUANTIFIER = re.compile(r"\{\d*,?\d*\}")
_NEVER_FOUND = re.compile(r"[,;]|(?<!\\)[A-Z]")  # texts are compared in lower case, with Chinese punctuation


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """One thing that is wrong, where it is and what to do about it."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Page:
    """One file; what is wrong with it goes to ``findings``, which its reader shares with others."""

    file: str
    root: yaml.Node | None
    findings: list[Finding]

    @classmethod
    def read(cls, path: Path, base: Path, findings: list[Finding]) -> "Page":
        """Return the file at ``path``, empty and with a finding where it cannot be read."""
        inside = path.is_relative_to(base.parent)
        file = str(path.relative_to(base.parent) if inside else path)
        page = cls(file, None, findings)
        try:
            root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
        except FileNotFoundError:
            page.complain(1, "缺少这个文件。请补上；这部分没有内容也要有文件，照 cities/_example 写。")
        except UnicodeDecodeError:
            page.complain(1, "文件不是 UTF-8 编码。请另存为 UTF-8。")
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            page.complain(line, f"不是正确的 YAML：{error.problem}。请检查缩进、冒号和引号。")
        except yaml.YAMLError:
            page.complain(1, "不是正确的 YAML，里面有不能用的字符。请删去。")
        else:
            if root is not None:
                return cls(file, root, findings)
            page.complain(1, "文件是空的。没有内容也要写上键，照 cities/_example 写。")
        return page

    def complain(self, line: int, message: str) -> None:
        """Note one finding."""
        self.findings.append(Finding(self.file, line, message))

    def table(self) -> "Table":
        """Return the whole file as a table; a file that could not be read is not complained of twice."""
        if self.root is None:
            return Table(page=self, line=1, rows={}, muted=True)
        return _table(self, self.root)


def _table(page: Page, node: yaml.Node) -> "Table":
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        page.complain(line, "这里要写成“键: 值”的形式。")
        return Table(page=page, line=line, rows={}, muted=True)
    rows: dict[str, tuple[int, yaml.Node]] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in rows:
            page.complain(key.start_mark.line + 1, _twice(name, rows[name][0]))
        rows[name] = (key.start_mark.line + 1, value)
    return Table(page=page, line=line, rows=rows)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Keys and values of one place in a file; a key that nobody asked for is unknown."""

    page: Page
    line: int
    rows: Mapping[str, tuple[int, yaml.Node]]
    muted: bool = False
    asked: set[str] = field(default_factory=set)

    def complain(self, message: str, key: str = "") -> None:
        """Note one finding at ``key``, or at the head of the table."""
        if not self.muted:
            self.page.complain(self.rows[key][0] if key in self.rows else self.line, message)

    def has(self, key: str) -> bool:
        """Tell whether ``key`` is written here."""
        self.asked.add(key)
        return key in self.rows

    def close(self) -> None:
        """Complain of every key that nobody asked for; call it when the table has been read."""
        known = "、".join(sorted(self.asked))
        for key in self.rows:
            if key not in self.asked:
                self.complain(f"不认识的键“{key}”。这里只能写：{known}。请改正或删去。", key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return the words at ``key``; only with a ``default`` may they be absent."""
        if not self.has(key):
            if default is None:
                self.complain(f"缺少“{key}”。请补上。")
            return default or ""
        line, node = self.rows[key]
        return self._scalar(line, node, key)

    def matching(self, key: str, pattern: str, what: str, default: str | None = None) -> str:
        """Return the words at ``key``, which have a set form."""
        found = self.text(key, default)
        if found and not re.fullmatch(pattern, found):
            self.complain(f"“{key}”要写成{what}，不能是“{found}”。", key)
        return found

    def one_of(self, key: str, choices: Iterable[str], what: str, default: str | None = None) -> str:
        """Return the one word at ``key`` out of ``choices``; the first of them where it is not."""
        found = self.text(key, default)
        allowed = tuple(choices)
        if found and found not in allowed:
            self.complain(_unknown(what, found, allowed), key)
        return found if found in allowed else next(iter(allowed), "")

    def some_of(self, key: str, choices: Iterable[str], what: str, *, lone: bool = False) -> tuple[str, ...]:
        """Return the words at ``key``, all out of ``choices``; none where the key is absent.

        A ``lone`` word may stand there without a list.
        """
        allowed = tuple(choices)
        for line, found in (rows := self.items(key, optional=True, lone=lone)):
            if found not in allowed:
                self.page.complain(line, _unknown(what, found, allowed))
        return tuple(found for _, found in rows if found in allowed)

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Return the list of words at ``key``, none of them twice."""
        rows = self.items(key, optional=optional)
        seen: dict[str, int] = {}
        for line, found in rows:
            if found in seen:
                self.page.complain(line, _twice(found, seen[found]))
            seen[found] = line
        return tuple(seen)

    def number(self, key: str) -> int:
        """Return the whole positive number at ``key``."""
        found = self.text(key)
        if not re.fullmatch(r"[1-9][0-9]{0,3}", found):
            self.complain(f"“{key}”要写成大于零的整数，不能是“{found}”。", key)
            return 1
        return int(found)

    def decimal(self, key: str) -> Decimal:
        """Return the number at ``key``, which may have decimals and a minus sign."""
        found = self.text(key)
        if not re.fullmatch(r"-?[0-9]{1,7}(\.[0-9]{1,3})?", found):
            if found:
                self.complain(f"“{key}”要写成数字，例如 95 或 0.5，不能是“{found}”。", key)
            return Decimal(1)
        return Decimal(found)

    def day(self, key: str) -> date | None:
        """Return the date at ``key``."""
        return self._date(self.rows[key][0] if self.has(key) else self.line, self.text(key))

    def days(self, key: str) -> dict[date, str]:
        """Return the table of dates with words at ``key``; empty where it is absent."""
        if not self.has(key):
            return {}
        table = self.table(key)
        found = {self._date(line, name): table.text(name) for name, (line, _) in table.rows.items()}
        return {day: words for day, words in found.items() if day}

    def flag(self, key: str) -> bool:
        """Return whether ``key`` says true; absent is false."""
        found = self.text(key, default="false")
        if found not in ("true", "false"):
            self.complain(f"“{key}”只能写 true 或 false，不能是“{found}”。", key)
        return found == "true"

    def table(self, key: str) -> "Table":
        """Return the table at ``key``."""
        if not self.has(key):
            self.complain(f"缺少“{key}”。请补上。")
            return Table(page=self.page, line=self.line, rows={}, muted=True)
        return _table(self.page, self.rows[key][1])

    def tables(self, key: str, *, optional: bool = False) -> tuple["Table", ...]:
        """Return the list of tables at ``key``."""
        return tuple(_table(self.page, node) for node in self._nodes(key, optional=optional))

    def patterns(
        self, key: str, pieces: Mapping[str, str], *, optional: bool = False, in_view: bool = False
    ) -> tuple[str, ...]:
        """Return the regular expressions at ``key`` with {name} replaced by the named piece.

        Those not ``in_view`` are looked for in whole letters, and must say how far they reach.
        """
        rows = self.items(key, optional=optional)
        written = tuple(self._filled(line, found, pieces) for line, found in rows)
        for (line, _), pattern in zip(rows, written, strict=True):
            self._check(line, pattern, in_view=in_view)
        return written

    def pieces(self) -> dict[str, str]:
        """Return this table as named pieces of patterns; each may use the ones before it."""
        found: dict[str, str] = {}
        for name, (line, node) in self.rows.items():
            self.asked.add(name)
            piece = self._filled(line, self._scalar(line, node, name), found)
            found[name] = f"(?:{piece})"
            self._check(line, found[name])
        return found

    def sentences(self) -> dict[str, str]:
        """Return this table as named sentences with {blanks}."""
        found = {name: self.text(name) for name in self.rows}
        for name, sentence in found.items():
            if not _blanks_are_named(sentence):
                self.complain(f"“{name}”里的花括号要成对，中间写空格的名字，例如 {{date}}。", name)
        return found

    def _filled(self, line: int, pattern: str, pieces: Mapping[str, str]) -> str:
        for name in _PIECE.findall(pattern):
            if name not in pieces:
                self.page.complain(line, f"sets 里没有“{name}”。请先在 sets 里写它，或改正名字。")
        return _PIECE.sub(lambda found: pieces.get(found[1], ""), pattern)

    def _check(self, line: int, pattern: str, *, in_view: bool = True) -> None:
        problem = fault_of(pattern)
        if not problem and not in_view and is_endless(pattern):
            problem = "正则表达式里的 * 或 + 没有说最多几个字，长信会很慢，请写成 {0,9} 这样，或者以 ^ 开头"
        if problem:
            self.page.complain(line, f"{problem}：“{pattern[:60]}”。")

    def _nodes(self, key: str, *, optional: bool) -> tuple[yaml.Node, ...]:
        if not self.has(key):
            if not optional:
                self.complain(f"缺少“{key}”。请补上。")
            return ()
        line, node = self.rows[key]
        if not isinstance(node, yaml.SequenceNode):
            self.page.complain(line, f"“{key}”要写成列表，每条前面加“- ”；没有就写 []。")
            return ()
        return tuple(node.value)

    def items(self, key: str, *, optional: bool = False, lone: bool = False) -> tuple[tuple[int, str], ...]:
        """Return the list of words at ``key``, each with its line; a ``lone`` word may stand without a list."""
        if lone and self.has(key) and isinstance(self.rows[key][1], yaml.ScalarNode):
            line, node = self.rows[key]
            return ((line, self._scalar(line, node, key)),)
        nodes = self._nodes(key, optional=optional)
        lines = [node.start_mark.line + 1 for node in nodes]
        return tuple((line, self._scalar(line, node, key)) for line, node in zip(lines, nodes, strict=True))

    def _scalar(self, line: int, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.page.complain(line, f"“{key}”要写成一句话，不能是列表或表。")
            return ""
        if not node.value.strip():
            self.page.complain(line, f"“{key}”是空的。请写上内容，或连键一起删去。")
        return str(node.value).strip()

    def _date(self, line: int, found: str) -> date | None:
        try:
            return date.fromisoformat(found)
        except ValueError:
            self.page.complain(line, f"日期要写成 2026-10-10 这样，不能是“{found}”。")
            return None


def distinct(tables: Iterable[Table], read: Callable[[Table], Item], key: str = "id") -> tuple[Item, ...]:
    """Return what ``read`` makes of each table; complain of unknown keys and of a ``key`` used twice."""
    seen: dict[str, int] = {}
    made = []
    for table in tables:
        made.append(read(table))
        table.close()
        name = str(table.text(key, default=""))
        if name in seen:
            table.complain(f"{key}“{name}”已经用过（第{seen[name]}行）。请换一个。", key)
        elif name:
            seen[name] = table.line
    return tuple(made)


@cache
def fault_of(pattern: str) -> str:
    """Return what is wrong with a regular expression, or the empty string."""
    try:
        length = shortest(pattern)
    except re.error as error:
        return f"正则表达式写错了（{error}），请改正"
    if length == 0:
        return "正则表达式什么都能对上，请至少写一个字"
    if _NEVER_FOUND.search(_QUANTIFIER.sub("", pattern)):
        return "正则表达式里要用中文标点和小写字母，否则永远对不上"
    if is_runaway(pattern):
        return (
            "正则表达式里反复的那些词，有的能由别的词拼成（如“你好”是“你”加“好”），长句子会把系统卡住，"
            "请删去拼得成的词，或者写成 *+"
        )
    return ""


def _blanks_are_named(sentence: str) -> bool:
    try:
        return all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(sentence))
    except ValueError:
        return False


def _twice(name: str, line: int) -> str:
    return f"“{name}”写了两遍（前一次在第{line}行）。请只留一个。"


def _unknown(what: str, found: str, allowed: tuple[str, ...]) -> str:
    """Say which words there are; a hint in brackets behind ``what`` comes after the word."""
    name, bracket, hint = what.partition("（")
    shown = "、".join(allowed[:MOST_SHOWN]) + ("……" if len(allowed) > MOST_SHOWN else "")
    return f"不认识的{name}“{found}”{bracket}{hint}。只能写：{shown or '（还没有可写的）'}。"
