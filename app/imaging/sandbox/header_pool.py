"""Reading headers in child processes with limits on time and memory: a hostile header can kill a child, never a server.

The parent lends a child the open file and gets its header and the index of its image back, or what was asked of a
stored object, never a data set. The parent's side of one child is in `header_process`, the child's side in
`header_child`; who gets a child when, is in `children`. What is read, app/dicom and app/imaging/header decide.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from itertools import chain, islice
from typing import BinaryIO, TypeVar

from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.dicom.same_content import Likeness
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject
from app.imaging.errors import ChildUnavailable
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.reading import Evidence, evidence_of
from app.imaging.header.examined import Examined
from app.imaging.header.stored_header import StoredAnswer, StoredBytes
from app.imaging.sandbox.children import Children
from app.imaging.sandbox.header_answers import examined_of, likeness_of, refusal_of, stored_of
from app.imaging.sandbox.header_process import HeaderChild
from app.imaging.sandbox.header_protocol import Answer, question_of_evidence
from app.imaging.sandbox.messages import BrokenAnswer
from app.imaging.sandbox.shared_file import lent
from app.imaging.sandbox.study_budgets import StudyBudgets
from app.imaging.sandbox.turns import Account, Waiting

HEADERS_A_CHILD = 10_000
_READ_AHEAD = 2
"""So many files for each child are under way, so that no child waits while the caller handles an answer."""
_AHEAD_BYTES = 32 * 1024 * 1024
"""Of what is under way and is in memory, together: one object more than this goes alone."""
_Found = TypeVar("_Found")


def evidence_in_answer(kind: EvidenceKind, parts: list[bytes]) -> Evidence:
    """What the parts of a child's answer say. Raises BrokenAnswer when they are not what a child may say."""
    try:
        return evidence_of(kind, parts)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise BrokenAnswer from None


def _set_aside(parts: list[bytes]) -> SetAside:
    """Raises BrokenAnswer."""
    try:
        [fault] = parts
        return SetAside(EvidenceFault(fault.decode()))
    except ValueError:
        raise BrokenAnswer from None


_FAULTS: dict[int | None, Callable[[list[bytes]], Exception]] = {
    Answer.REFUSED: refusal_of,
    Answer.SET_ASIDE: _set_aside,
}


class HeaderPool:
    """Reads headers in up to `workers` child processes, which start when they are first needed. Thread-safe."""

    def __init__(self, workers: int, time_limit_s: float, memory_limit_bytes: int, limits: HeaderLimits) -> None:
        self.limits = limits
        self._workers = workers
        self._children = Children(
            workers, HEADERS_A_CHILD, lambda: HeaderChild(memory_limit_bytes, time_limit_s, limits)
        )
        self._budgets = StudyBudgets()

    def examine(self, file: BinaryIO) -> Examined:
        """Raises RefusedObject, and ChildUnavailable when nothing can be read now."""
        return self._ask([file], Answer.EXAMINED, examined_of, Account())

    def likeness(self, mine: BinaryIO, other: BinaryIO) -> Likeness:
        """Raises RefusedObject when that takes too much, and ChildUnavailable."""
        return self._ask([mine, other], Answer.LIKENESS, likeness_of, Account())

    def examine_all(self, files: Iterable[BinaryIO]) -> Generator[Examined | RefusedObject]:
        """What each file is, or why it is refused, in order. Some files are read ahead. Raises ChildUnavailable.

        All files of one call count together when children are shared with other calls (`turns`).
        """
        account = Account()
        return self._ahead((0, partial(self._ask, [file], Answer.EXAMINED, examined_of, account)) for file in files)

    def stored(self, asked: StoredBytes) -> StoredAnswer:
        """Raises RefusedObject, and ChildUnavailable when nothing can be read now."""
        return self._stored(asked)

    def stored_all(self, asked: Iterable[StoredBytes | Exception]) -> Generator[StoredAnswer | Exception]:
        """The answer to each question, or why there is none, in order; some are read ahead. An exception stands for
        what could not be opened, and is given back. Raises ChildUnavailable."""

        def work(one: StoredBytes | Exception) -> tuple[int, Callable[[], StoredAnswer | Exception]]:
            if isinstance(one, Exception):
                return 0, lambda: one
            return len(one.start) + len(one.behind), partial(self._stored, one)

        return self._ahead(map(work, asked))

    def evidence(self, file: BinaryIO, kind: EvidenceKind) -> Evidence:
        """What an object that is no picture says. Raises SetAside with the reason why it cannot be shown, and
        ChildUnavailable."""
        try:
            question = question_of_evidence(kind)
            return self._ask([file], Answer.EVIDENCE, partial(evidence_in_answer, kind), Account(), question)
        except RefusedObject:
            raise SetAside(EvidenceFault.UNREADABLE) from None

    def described(self, question: bytes, files: Sequence[BinaryIO]) -> StoredAnswer:
        """Raises RefusedObject, and ChildUnavailable when nothing can be read now."""
        return self._ask(files, Answer.STORED, stored_of, Account(), question)

    def _stored(self, asked: StoredBytes) -> StoredAnswer:
        account = self._budgets.of(asked.question.study_uid)
        if account.is_spent:
            raise RefusedObject(Refusal.TAKES_TOO_LONG, OUT_OF_RESOURCES)
        files = [io.BytesIO(part) for part in (asked.start, asked.behind) if part] or [io.BytesIO()]
        return self._ask(files, Answer.STORED, stored_of, account, asked.question.to_bytes())

    def _ahead(self, work: Iterable[tuple[int, Callable[[], _Found]]]) -> Generator[_Found | RefusedObject]:
        """What each work gives, in order; some are done ahead. The number is the bytes that it keeps in memory."""
        work = iter(work)
        begin = list(islice(work, 2))
        if len(begin) < 2:  # a thread of its own would only cost time
            yield from (_result(do) for _, do in begin)
            return
        under_way: deque[tuple[int, Future[_Found | RefusedObject]]] = deque()
        # Each call has its own threads: shared threads might all wait for slow objects of another call.
        with ThreadPoolExecutor(self._workers, thread_name_prefix="headers") as threads:
            try:
                for size, do in chain(begin, work):
                    under_way.append((size, threads.submit(_result, do)))
                    while len(under_way) >= _READ_AHEAD * self._workers or _bytes_of(under_way) > _AHEAD_BYTES:
                        yield under_way.popleft()[1].result()
                while under_way:
                    yield under_way.popleft()[1].result()
            finally:
                threads.shutdown(cancel_futures=True)

    def _ask(
        self,
        files: Sequence[BinaryIO],
        wanted: Answer,
        read: Callable[[list[bytes]], _Found],
        account: Account,
        question: bytes = b"",
    ) -> _Found:
        """A child's answer. When a child dies that served others before, those may be the cause: another child gets the
        object. Only a fresh child that dies, or a child that uses up its time, speaks against the object."""
        with ExitStack() as opened:
            try:
                descriptors = [opened.enter_context(lent(file)) for file in files]
            except OSError as error:
                raise ChildUnavailable(f"no file can be lent: {error.strerror}") from error
            while True:
                with self._children.one(Waiting(account)) as child:
                    fresh = child.served == 0
                    kind, parts = self._answer(child, descriptors, question)
                    if kind == wanted:
                        with suppress(BrokenAnswer):
                            return read(parts)
                    if kind in _FAULTS:
                        with suppress(BrokenAnswer):
                            raise _FAULTS[kind](parts)
                    child.usable = False
                if fresh:
                    if kind == Answer.OUT_OF_MEMORY:
                        raise RefusedObject(Refusal.NEEDS_TOO_MUCH_MEMORY, OUT_OF_RESOURCES)
                    raise RefusedObject(Refusal.READING_CRASHES, CANNOT_UNDERSTAND)

    def _answer(self, child: HeaderChild, descriptors: list[int], question: bytes) -> tuple[int | None, list[bytes]]:
        """Kind and parts of the answer; None for the kind when the child died."""
        try:
            return child.ask(descriptors, question)
        except BrokenAnswer:
            if child.was_late:
                raise ChildUnavailable("a child that reads headers does not answer") from None
            if child.used_up_its_time():
                raise RefusedObject(Refusal.TAKES_TOO_LONG, OUT_OF_RESOURCES) from None
            return None, []

    def close(self) -> None:
        """End all idle children. A busy child finishes its object first."""
        self._children.close()


def _result(do: Callable[[], _Found]) -> _Found | RefusedObject:
    try:
        return do()
    except RefusedObject as fault:
        return fault


def _bytes_of(under_way: Iterable[tuple[int, object]]) -> int:
    return sum(size for size, _ in under_way)
