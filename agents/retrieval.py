"""Retrieval: agents that claim the passages which they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import Unpack

from ..contracts import Claim, Contract, ContractError, Passage, digest
from .agent import Agent
from .full_text_index import FullTextIndex
from .journal.function import recorded_function
from .options import Options

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

__all__ = ["full_text_agent", "retriever_agent"]

Query = str | Callable[[Mapping[str, Any]], str | None]
"""The name of a text field that is the query, or a function from the fields to the query; no text abstains."""

Confidence = float | Callable[[list[Passage]], float]
"""A number in [0, 1], or a function from the passages, best first, to one."""


def full_text_agent(
    name: str,
    index: FullTextIndex,
    *,
    query: Query,
    writes: str,
    reads: Iterable[str] | None = None,
    k: int = 5,
    confidence: Confidence = 0.5,
    **options: Unpack[Options],
) -> Agent:
    """An agent that claims the passages that a full-text index has for its query.

    It writes one field of type `list[Passage]`, as one claim with the passages as its evidence. It abstains where
    there is no query, or nothing is found.

    Args:
        name: Name of the agent.
        index: Where to look.
        query: Name of the text field that is the query, or a function from the fields that it reads to the query.
        writes: The field that it claims.
        reads: Fields that it needs; by default the one that `query` names.
        k: The most passages, at least 1.
        confidence: Confidence of the claim, in [0, 1], or a function from the passages to it.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: `query` names a field that it does not read, or `k` is below 1.
    """
    if not isinstance(k, int) or k < 1:
        raise ContractError(f"agent {name!r}", got=f"k={k!r}", expected="an integer >= 1", fix="correct k")
    contract = _contract(name, query, reads, writes, confidence, options)

    def find(text: str, k: int) -> list[Passage]:
        return index.search(text, k)

    search = recorded_function(find, f"{name}.index", list[Passage])

    def call(**fields: Any) -> Claim | None:
        text = _query_text(name, query, fields)
        return _claim(writes, search(text, k), confidence) if text else None

    return Agent(contract, call=call)


def retriever_agent(
    name: str,
    retriever: BaseRetriever,
    *,
    query: Query,
    writes: str,
    reads: Iterable[str] | None = None,
    source: str | None = None,
    confidence: Confidence = 0.5,
    **options: Unpack[Options],
) -> Agent:
    """An agent that claims the passages that a LangChain retriever has for its query, sync or async.

    As `full_text_agent`. A document's `id` is the passage's key, or else a digest of its text; its `source` in the
    metadata is the passage's source, and its `score` there the score.

    Args:
        name: Name of the agent.
        retriever: Where to look; it says itself how many documents it returns.
        query: Name of the text field that is the query, or a function from the fields that it reads to the query.
        writes: The field that it claims.
        reads: Fields that it needs; by default the one that `query` names.
        source: The source of passages whose document names none; by default the agent's name.
        confidence: Confidence of the claim, in [0, 1], or a function from the passages to it.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: `query` names a field that it does not read.
    """
    contract = _contract(name, query, reads, writes, confidence, options)
    origin = source or name

    def find(text: str) -> list[Passage]:
        return [_passage(document, origin) for document in retriever.invoke(text)]

    async def afind(text: str) -> list[Passage]:
        return [_passage(document, origin) for document in await retriever.ainvoke(text)]

    found = recorded_function(find, f"{name}.retriever", list[Passage])
    afound = recorded_function(afind, f"{name}.retriever", list[Passage])

    def call(**fields: Any) -> Claim | None:
        text = _query_text(name, query, fields)
        return _claim(writes, found(text), confidence) if text else None

    async def acall(**fields: Any) -> Claim | None:
        text = _query_text(name, query, fields)
        return _claim(writes, await afound(text), confidence) if text else None

    return Agent(contract, call=call, acall=acall)


def _contract(
    name: str, query: Query, reads: Iterable[str] | None, writes: str, confidence: Confidence, options: Options
) -> Contract:
    fields = frozenset(reads if reads is not None else [query] if isinstance(query, str) else [])
    if (isinstance(query, str) and query not in fields) or not fields:
        raise ContractError(
            f"agent {name!r}",
            got=f"query={query!r}, reads {', '.join(sorted(fields)) or 'nothing'}",
            expected="a query made from the fields that it reads",
            fix="name in `reads` the fields that the query needs",
        )
    return Contract(
        name=name,
        reads=fields,
        writes=frozenset({writes}),
        capability="retrieval",
        confidence=confidence if not callable(confidence) else 0.5,
        types={writes: list[Passage], **({query: str} if isinstance(query, str) else {})},
        **options,
    )


def _query_text(name: str, query: Query, fields: Mapping[str, Any]) -> str:
    text = fields[query] if isinstance(query, str) else query(fields)
    if not isinstance(text, str | None):
        raise ContractError(
            f"agent {name!r}, query",
            got=type(text).__name__,
            expected="text, or None for no query",
            fix="pass as `query` a function that makes text of the fields",
        )
    return (text or "").strip()


def _passage(document: Document, source: str) -> Passage:
    metadata = document.metadata
    text = document.page_content
    score = metadata.get("score")
    return Passage(
        source=str(metadata.get("source") or source),
        key=str(document.id or digest(text)),
        text=text,
        score=float(score) if isinstance(score, int | float) else None,
    )


def _claim(field: str, passages: list[Passage], confidence: Confidence) -> Claim | None:
    if not passages:
        return None
    sure = confidence(passages) if callable(confidence) else confidence
    return Claim(field, passages, sure, tuple(passages), reason=f"{len(passages)} found in {passages[0].source}")
