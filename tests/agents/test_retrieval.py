from __future__ import annotations

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.retrievers import BaseRetriever
from pydantic import BaseModel, Field
from tests.fakes.guarded_graph import GuardedGraph

from quorate.agents import Agent, Document, FullTextIndex, full_text_agent, retriever_agent
from quorate.contracts import ContractError, Passage


class Question(BaseModel):
    question: str
    hint: str | None = None
    year: int = 2026


class Answer(BaseModel):
    found: list[Passage]


class Shelf(BaseRetriever):
    """A retriever that finds the documents that contain the query."""

    documents: list[LangChainDocument]
    calls: list[str] = Field(default_factory=list)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Any]:
        self.calls.append("sync")
        return [document for document in self.documents if query in document.page_content]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
    ) -> list[Any]:
        self.calls.append("async")
        return [document for document in self.documents if query in document.page_content]


@pytest.fixture
def index() -> FullTextIndex:
    made = FullTextIndex(":memory:", "faq")
    made.add(
        [Document("returns", "How to return a thing"), Document("pay", "How to pay"), Document("due", "When to pay")]
    )
    return made


def graph(agent: Agent) -> GuardedGraph:
    return GuardedGraph(agent, request=Question, outcome=Answer)


def test_one_claim_with_its_passages(index: FullTextIndex) -> None:
    """What is found is one claim on one field, with the passages as value and as evidence."""
    made = full_text_agent("faq", index, query="question", writes="found", confidence=0.8, version="1.0.0", tier=1)
    assert (made.contract.capability, made.contract.tier) == ("retrieval", 1)
    assert made.contract.reads == {"question"}
    (claim,) = graph(made).run(question="how do I pay?").claims
    assert [passage["key"] for passage in claim.value] == ["pay", "due", "returns"]
    assert [passage.key for passage in claim.evidence if isinstance(passage, Passage)] == ["pay", "due", "returns"]
    assert (claim.field, claim.confidence, claim.reason) == ("found", 0.8, "3 found in faq")


async def test_from_a_thread(index: FullTextIndex) -> None:
    """With `ainvoke` the index is asked from a worker thread."""
    made = full_text_agent("faq", index, query="question", writes="found", k=1)
    (claim,) = (await graph(made).arun(question="return")).claims
    assert [passage["key"] for passage in claim.value] == ["returns"]


@pytest.mark.parametrize("question", ["", "   ", "xyzzy", "?!"])
def test_nothing_found_abstains(index: FullTextIndex, question: str) -> None:
    """No query and no passage are an abstention, not a fault."""
    ran = graph(full_text_agent("faq", index, query="question", writes="found")).run(question=question)
    assert (ran.claims, ran.faults) == ([], [])


def test_empty_optional_field_abstains(index: FullTextIndex) -> None:
    """A query field that is None is no query."""
    ran = graph(full_text_agent("faq", index, query="hint", writes="found")).run(question="pay", hint=None)
    assert (ran.claims, ran.faults) == ([], [])


def test_query_and_confidence_from_functions(index: FullTextIndex) -> None:
    """The query may be made of several fields, and the confidence of what was found."""
    made = full_text_agent(
        "faq",
        index,
        query=lambda fields: f"{fields['question']} {fields['hint'] or ''}",
        reads={"question", "hint"},
        writes="found",
        confidence=lambda passages: 0.9 if len(passages) == 1 else 0.4,
    )
    assert graph(made).run(question="xyzzy", hint="return").claims[0].confidence == 0.9
    assert graph(made).run(question="pay", hint=None).claims[0].confidence == 0.4


def test_query_that_is_no_text(index: FullTextIndex) -> None:
    """A query that is no text is a fault that says what to pass."""
    made = full_text_agent("faq", index, query=lambda fields: fields["year"], reads={"year"}, writes="found")
    fault = graph(made).run(question="pay", year=2026).fault
    assert (fault.kind, fault.message) == (
        "contract",
        "agent 'faq', query: got int; expected text, or None for no query",
    )


@pytest.mark.parametrize(
    "wrong",
    [{"query": "question", "reads": {"hint"}}, {"query": lambda fields: "x"}, {"query": "question", "k": 0}],
)
def test_wrong_settings(index: FullTextIndex, wrong: dict[str, Any]) -> None:
    """A query that is not read, reads that cannot be known, and k below 1 are refused when the agent is made."""
    with pytest.raises(ContractError, match="agent 'faq'"):
        full_text_agent("faq", index, writes="found", **wrong)


async def test_langchain_retriever() -> None:
    """A retriever is asked sync or async as the graph is run; ids, sources and scores become the passages'."""
    shelf = Shelf(
        documents=[
            LangChainDocument("How to pay", id="7", metadata={"source": "faq.md", "score": 0.25}),
            LangChainDocument("How to pay late"),
        ]
    )
    made = retriever_agent("shelf", shelf, query="question", writes="found", confidence=0.6)
    for ran in (graph(made).run(question="pay"), await graph(made).arun(question="pay")):
        first, second = ran.claims[0].evidence
        assert first == Passage("faq.md", "7", "How to pay", 0.25)
        assert isinstance(second, Passage)
        assert (second.source, second.text, second.score, len(second.key)) == ("shelf", "How to pay late", None, 64)
        assert [passage["text"] for passage in ran.claims[0].value] == ["How to pay", "How to pay late"]
    assert shelf.calls == ["sync", "async"]


async def test_langchain_retriever_abstains() -> None:
    """A retriever that finds nothing abstains, and is not asked without a query."""
    shelf = Shelf(documents=[])
    made = retriever_agent("shelf", shelf, query="question", writes="found", source="shelf-2")
    assert graph(made).run(question="pay").claims == []
    assert (await graph(made).arun(question=" ")).claims == []
    assert shelf.calls == ["sync"]
