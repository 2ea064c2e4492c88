"""Review: the question that a person is asked, and the answer that is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import TypedDict

__all__ = [
    "Action",
    "ActionRequest",
    "Answer",
    "Approve",
    "Assign",
    "Edit",
    "Happened",
    "Lapse",
    "NotHappened",
    "Question",
    "Reject",
    "Respond",
    "ReviewConfig",
    "Verdict",
]


class ActionRequest(TypedDict):
    """What is proposed."""

    name: str
    """`decide` for fields, else the name of the effect."""
    args: dict[str, Any]
    """Proposed values by field, or the arguments of the effect."""
    arguments: dict[str, Any]
    """The same as `args`, for interfaces that read this key."""
    description: str
    """What is asked and why, as Markdown."""


class ReviewConfig(TypedDict):
    """Which answers are allowed."""

    action_name: str
    """Name of the action."""
    allowed_decisions: list[str]
    """Of `approve`, `edit`, `reject`, `respond`; of an unknown effect also `happened`, `not_happened`."""


class Question(TypedDict):
    """The value of the interrupt: LangChain's human-in-the-loop request with one action, and our data beside it."""

    action_requests: list[ActionRequest]
    """One action."""
    review_configs: list[ReviewConfig]
    """Its allowed answers."""
    quorate: dict[str, Any]
    """For the reviewer.

    `thread`, `turn`, `reason`; `reviewers`, `to`, `only`, `rung`, `deadline` as in `Ask`; `opinions`: what people
    have said so far; `effect`, or `fields`: of each the `decision`, the `claims`, and the `alternatives`, best first,
    each with `value`, `confidence`, `agents`, `rationale` (one line) and `evidence` in its context.
    """


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Action(_Part):
    """An action as the reviewer wants it."""

    name: str = ""
    """Name of the action; may be left out."""
    args: dict[str, Any]
    """Values by field, or arguments of the effect. A field that is left out stays as proposed."""


class Approve(_Part):
    """Take it as proposed."""

    type: Literal["approve"] = "approve"


class Edit(_Part):
    """Take it with these values."""

    type: Literal["edit"] = "edit"
    edited_action: Action


class Reject(_Part):
    """Do not do it; leave the fields without a value."""

    type: Literal["reject"] = "reject"
    message: str = ""


class Respond(_Part):
    """Say something to the agents that read `messages`, and let them try again."""

    type: Literal["respond"] = "respond"
    message: str = Field(min_length=1)


class Happened(_Part):
    """Of an effect of which it is not known: it did happen, and this is what the receiver answered."""

    type: Literal["happened"] = "happened"
    result: Any = None


class NotHappened(_Part):
    """Of an effect of which it is not known: it did not happen; as it is approved, it is executed now."""

    type: Literal["not_happened"] = "not_happened"


class Assign(_Part):
    """Hand the question to others: from then on it is theirs. It is open as before, and so is its deadline."""

    type: Literal["assign"] = "assign"
    to: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    """People, or roles of the policy."""


class Lapse(_Part):
    """Say that nobody has answered in time. It is refused before the deadline, and approves nothing."""

    type: Literal["lapse"] = "lapse"


Verdict = Annotated[
    Approve | Edit | Reject | Respond | Happened | NotHappened | Assign | Lapse, Field(discriminator="type")
]
"""What the reviewer wants: a closed union, told apart by `type`."""


class Answer(_Part):
    """The reviewer's answer: LangChain's human-in-the-loop response, with who and why.

    The older form of Agent Inbox, `[{type: accept | edit | response | ignore, args}]`, is accepted too.
    """

    decisions: Annotated[list[Verdict], Field(min_length=1, max_length=1)]
    """One verdict."""
    reviewer: str = ""
    """Who answers."""
    reason_code: str = ""
    """Why, from the policy's list; the verdict's type where it is left out."""
    like: str = Field(default="", max_length=200)
    """What is the same in all questions that are answered with this; empty for the answer to one question."""

    @property
    def verdict(self) -> Approve | Edit | Reject | Respond | Happened | NotHappened | Assign | Lapse:
        """The one verdict."""
        return self.decisions[0]

    @model_validator(mode="before")
    @classmethod
    def _from_inbox(cls, data: Any) -> Any:
        if isinstance(data, list):
            data = {"decisions": data}
        elif isinstance(data, Mapping) and "type" in data and "decisions" not in data:
            who = {key: data[key] for key in ("reviewer", "reason_code", "like") if key in data}
            data = {"decisions": [{key: value for key, value in data.items() if key not in who}], **who}
        if isinstance(data, Mapping) and isinstance(data.get("decisions"), list):
            return {**data, "decisions": [_verdict_from_inbox(item) for item in data["decisions"]]}
        return data


def _verdict_from_inbox(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    args = item.get("args")
    match item.get("type"):
        case "accept":
            return {"type": "approve"}
        case "ignore":
            return {"type": "reject"}
        case "response":
            return {"type": "respond", "message": args if isinstance(args, str) else ""}
        case "edit" if "edited_action" not in item and isinstance(args, Mapping):
            edited = args.get("args", args)
            return {"type": "edit", "edited_action": {"name": args.get("action", ""), "args": edited}}
        case _:
            return item
