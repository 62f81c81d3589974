"""``huying kb``: load articles from a file, and search in them, on the running system or with a database of the moment."""

import argparse
import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from gateway import PROGRAM
from gateway.localservers import LocalServerError, Postgres, ensure_database, start
from gateway.store.articles import Articles
from gateway.store.drafts import Drafts
from gateway.store.questions import Questions
from gateway.supervisor import StartError, alone
from groundwork.audit import Audit
from groundwork.clock import clock_from
from groundwork.database import DatabaseUnusableError, migrate, open_pool
from groundwork.secrets import with_secrets
from groundwork.settings import Settings, SettingsError
from groundwork.vault import Vault, VaultError
from hotline.errors import StorageAwayError
from hotline.message import clean
from kb.article import Article, Status
from kb.importing import IN_HAND, NO_ARTICLES, ImportRefusedError, checked_articles
from kb.library import Library

MIGRATIONS = Path(__file__).parent / "store" / "migrations"
BATCH = 20_000  #: articles written in one transaction
MOST_HITS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What the commands need of a database."""

    articles: Articles
    drafts: Drafts
    library: Library


Act: TypeAlias = Callable[[Shelf], Awaitable[int]]


def add_to(subs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register ``kb import`` and ``kb search``."""
    group = subs.add_parser("kb", help="the knowledge base").add_subparsers(dest="what", required=True)
    taking = group.add_parser(
        "import", help="load articles: csv, xlsx, jsonl or docx; nothing is taken of a bad file"
    )
    taking.add_argument("file", type=Path)
    taking.add_argument("--publish", action="store_true", help="without review: for trusted files only")
    taking.add_argument("--dry-run", action="store_true", help="only name what is wrong, row by row")
    taking.set_defaults(call=_import)
    search = group.add_parser("search", help="search published articles: JSON lines {id, q} in")
    search.add_argument("--limit", type=int, default=5, metavar="N")
    search.set_defaults(call=_search)
    for parser in (taking, search):
        parser.add_argument("--city")


def _import(arguments: argparse.Namespace, settings: Settings) -> int:
    status = Status.PUBLISHED if arguments.publish else Status.DRAFT
    at = clock_from(settings.clock)()
    city = arguments.city or settings.city
    try:
        data = arguments.file.read_bytes()
        articles, problems = checked_articles(data, name=arguments.file.name, city=city, at=at, status=status)
    except OSError as error:
        print(f"{arguments.file}: {error.strerror}", file=sys.stderr)
        return 2
    except ImportRefusedError as error:
        articles, problems = (), error.problems
    if not articles and not problems:
        problems = (NO_ARTICLES,)
    for problem in problems:
        _print({"line": problem.line, "error": problem.what})
    if problems or arguments.dry_run:
        _print({"articles": len(articles), "bad": len(problems), "imported": 0})
        return 1 if problems else 0
    why = f"sha256:{hashlib.sha256(data).hexdigest()[:32]}"
    return _run(settings, city, lambda shelf: _load(shelf, articles, why, publish=arguments.publish))


async def _load(shelf: Shelf, articles: tuple[Article, ...], why: str, *, publish: bool) -> int:
    changed = 0
    held: list[str] = []
    for begin in range(0, len(articles), BATCH):
        some = articles[begin : begin + BATCH]
        if publish:
            changed += await shelf.articles.load(some, why=why)
        else:
            taken, in_hand = await shelf.drafts.load(some, why=why)
            changed += taken
            held += in_hand
    for external_id in held:
        _print({"external_id": external_id, "error": IN_HAND})
    _print({"articles": len(articles), "bad": 0, "imported": changed})
    return 1 if held else 0


def _search(arguments: argparse.Namespace, settings: Settings) -> int:
    if not 1 <= arguments.limit <= MOST_HITS:
        print(f"--limit: 1 to {MOST_HITS}", file=sys.stderr)
        return 2
    return _run(settings, arguments.city or settings.city, lambda shelf: _answer(shelf, arguments.limit))


async def _answer(shelf: Shelf, limit: int) -> int:
    await shelf.library.load()
    for id, question in _rows():
        finding = await shelf.library.search(question, limit=limit)
        hits = [
            {
                "article_id": hit.article_id,
                "external_id": article.external_id,
                "score": round(hit.score, 6),
            }
            for hit in finding.hits
            if (article := shelf.library.article(hit.article_id)) is not None
        ]
        _print({"id": id, "hits": hits, "answered": finding.answered and bool(hits)})
    return 0


def _rows() -> Iterator[tuple[Any, str]]:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError(f"line {number} is not JSON") from None
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("q"), str):
            raise ValueError(f"line {number} must be an object with id and q")
        yield row["id"], clean(row["q"])


def _run(settings: Settings, city: str, act: Act) -> int:
    try:
        if city != settings.city:
            settings = replace(settings, city=city)
        settings = with_secrets(settings)
        with database(settings) as url:
            return asyncio.run(_with_shelf(settings, url, act))
    except (ValueError, SettingsError, VaultError) as error:
        print(error, file=sys.stderr)
        return 2
    except (DatabaseUnusableError, StorageAwayError, StartError, LocalServerError) as error:
        print(f"the articles cannot be reached: {error}", file=sys.stderr)
        return 1


async def _with_shelf(settings: Settings, url: str, act: Act) -> int:
    clock, vault = clock_from(settings.clock), Vault.from_settings(settings)
    async with open_pool(url, size=2) as pool:
        audit = Audit(vault, PROGRAM, clock=clock)
        articles = Articles(pool, audit, clock=clock)
        questions = Questions(pool, vault, audit, city=settings.city, clock=clock)
        shelf = Shelf(
            articles=articles,
            drafts=Drafts(pool, audit, city=settings.city, clock=clock),
            library=Library(articles, city=settings.city, now=clock, golden=questions.golden),
        )
        return await act(shelf)


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Yield the address of the gateway's database: the one set, the running system's, or one started for the moment."""
    server = Postgres(settings.state_dir / "postgres")
    with ExitStack() as stack:
        if not settings.database_url and not _is_running(settings, stack):
            stack.callback(start(server).stop)
            asyncio.run(ensure_database(server.url(), PROGRAM))
            migrate(server.url(PROGRAM), MIGRATIONS)
        yield settings.database_url or server.url(PROGRAM)


def _is_running(settings: Settings, stack: ExitStack) -> bool:
    """Hold the state folder until the stack ends, or tell that a running system holds it."""
    try:
        stack.enter_context(alone(settings.state_dir))
    except StartError:
        return True
    return False


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False))
