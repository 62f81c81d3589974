"""What is answered and what is asked in vain, put by in memory and written every few seconds; nobody waits for it."""

import asyncio
import logging
from collections import Counter

from gateway.store.feedback import Feedback, Use
from gateway.store.questions import Questions
from hotline.citypack import CityPack
from hotline.errors import StorageAwayError
from hotline.redaction import redact
from hotline.scene import Heard
from hotline.turn import Answer, LeaveToPerson, Turn
from hotline.understanding import Intent

log = logging.getLogger(__name__)

MOST_KEPT = 10_000  #: questions and counts that wait while the database is away; more are let go
LONGEST = 200  #: characters of a question


class Noted:
    """Counts of one process."""

    def __init__(self, questions: Questions, feedback: Feedback, pack: CityPack) -> None:
        self._questions, self._feedback, self._pack = questions, feedback, pack
        self._answered, self._solved, self._unsolved = Counter[str](), Counter[str](), Counter[str]()
        self._in_vain: dict[str, str] = {}

    def note(self, heard: Heard, turn: Turn) -> None:
        """Count an answer and what was thought of one; keep a question that nothing answered, without what tells who asked.

        Reports, and whoever asks for secrecy, are no material for editors.
        """
        answers = [decision for decision in turn.decisions if isinstance(decision, Answer)]
        for answer in answers:
            self.used(answer.hit.article_id)
        if turn.opinion is not None:
            self.thought(turn.opinion.article_id, solved=turn.opinion.solved)
        left = any(isinstance(decision, LeaveToPerson) for decision in turn.decisions)
        asks = heard.understanding.intent is Intent.CONSULT and not (heard.secrecy or heard.message.letter)
        if asks and not answers and not left and heard.danger is None and len(self._in_vain) < MOST_KEPT:
            text = redact(heard.message.text.strip(), self._pack.finder)[:LONGEST]
            if text:
                self._in_vain[heard.message.key] = text

    def used(self, article_id: str) -> None:
        """Count one answer by an article."""
        self._count(self._answered, article_id)

    def thought(self, article_id: str, *, solved: bool) -> None:
        """Count somebody who says whether an article helped."""
        self._count(self._solved if solved else self._unsolved, article_id)

    async def flush_for_ever(self, every: float) -> None:
        """Write what was noted, again and again."""
        while True:
            await asyncio.sleep(every)
            await self.flush()

    async def flush(self) -> None:
        """Write what was noted; while the database is away it waits."""
        answered, solved, unsolved, in_vain = self._answered, self._solved, self._unsolved, self._in_vain
        if not (answered or solved or unsolved or in_vain):
            return
        self._answered, self._solved, self._unsolved, self._in_vain = Counter(), Counter(), Counter(), {}
        try:
            await self._questions.keep_unanswered(list(in_vain.items()))
            in_vain = {}
            await self._feedback.count(
                {
                    id: Use(answered=answered[id], solved=solved[id], unsolved=unsolved[id])
                    for id in answered.keys() | solved.keys() | unsolved.keys()
                }
            )
        except StorageAwayError:
            self._answered.update(answered)
            self._solved.update(solved)
            self._unsolved.update(unsolved)
            self._in_vain = in_vain | self._in_vain
        except Exception as error:  # noqa: BLE001 - figures never stop what is being answered
            log.warning("noted.lost", extra={"error_type": type(error).__name__})

    def _count(self, counter: Counter[str], article_id: str) -> None:
        if article_id in counter or len(counter) < MOST_KEPT:
            counter[article_id] += 1
