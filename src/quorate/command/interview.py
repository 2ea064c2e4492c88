"""Interview: a question put to the person at the terminal, until the answer fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..checkpoints.open_question import OpenQuestion
from ..contracts import Effect, ReviewError, load
from .failure import show_error
from .field_section import show_field
from .printable import brief_of, line_of, printable, text_of
from .question_terms import terms_of
from .screen import heading
from .thread_view import ThreadView
from .turn_section import effect_details
from .verdict import Reviewer, Verdict, as_answer, check_edit

if TYPE_CHECKING:
    from rich.console import Console

    from ..graphs import Supervisor

__all__ = ["EndOfAnswers", "Interview", "show_question"]

_LONGEST = 80
"""The most characters of a value that stands in a prompt."""

_MEANINGS = {
    "approve": "take it as proposed",
    "edit": "take it with other values",
    "reject": "leave it without a value, or undone",
    "respond": "say something to the agents, and let them try again",
    "happened": "it did happen; the receiver's answer is recorded",
    "not_happened": "it did not happen; it is executed now",
    "hand": "hand the question on: it is somebody else's then",
    "skip": "leave the question open",
}
_OF_UNKNOWN = {"approve": "execute it again, though it may have happened", "reject": "leave it, whatever happened"}


def show_question(screen: Console, view: ThreadView, question: OpenQuestion) -> None:
    """Print what is asked and why, with everything that helps to answer it."""
    from rich.padding import Padding

    screen.print(heading(f"{view.id}: {line_of(question.reason)}"))
    if view.source:
        screen.print(f"input {line_of(view.source)}", style="dim")
    for line in terms_of(question):
        screen.print(line, style="dim")
    screen.print()
    if not question.is_ours:
        screen.print(text_of(question.value))
        return
    about: dict[str, Any] = question.value["quorate"]
    fields = about.get("fields", ())
    if question.effect:
        effect = load(Effect, about["effect"])
        fields = () if view.is_inner(question) else effect.basis
        screen.print(heading(effect.name))
        screen.print(Padding(effect_details(effect.key, effect), (0, 0, 0, 2)))
        screen.print()
    for name in fields:
        show_field(screen, view.turn_of(question), name)


@dataclass(frozen=True, slots=True)
class Interview:
    """A question put to the person at the terminal, until the answer fits."""

    screen: Console
    """Where to ask."""
    supervisor: Supervisor
    """The team that asks."""
    reviewer: Reviewer
    """Who is asked."""

    def __call__(self, view: ThreadView, question: OpenQuestion) -> dict[str, Any] | None:
        """The answer, checked; None where the person leaves the question open.

        Raises:
            EndOfAnswers: The input ended without an answer.
        """
        show_question(self.screen, view, question)
        choices = [*question.allowed, "hand", "skip"]
        meanings = {**_MEANINGS, **(_OF_UNKNOWN if "happened" in choices else {})}
        for choice in choices:
            self.screen.print(f"  {choice:12} {meanings.get(choice, '')}")
        while True:
            kind = self._choose(choices)
            if kind == "skip":
                return None
            try:
                return as_answer(
                    self._verdict(kind, question), self._signed(view, question), question, view, self.supervisor
                )
            except ReviewError as error:
                show_error(error)

    def _choose(self, choices: Sequence[str]) -> str:
        while True:
            typed = self._ask(f"Answer ({', '.join(choices)}): ").strip().lower()
            found = [choice for choice in choices if typed and choice.startswith(typed)]
            if len(found) == 1:
                return found[0]
            self.screen.print(f"{printable(typed)!r} could be {' or '.join(found) if found else 'none of these'}.")

    def _verdict(self, kind: str, question: OpenQuestion) -> Verdict:
        match kind:
            case "edit":
                typed = {name: self._value(name, old, question) for name, old in question.proposed.items()}
                edits = [f"{name}={value}" for name, value in typed.items() if value]
                return Verdict("edit", edits=edits)
            case "reject":
                return Verdict("reject", self._ask("  Why (may be empty): ").strip())
            case "respond":
                return Verdict("respond", self._ask("  What to say: ").strip())
            case "happened":
                return Verdict("happened", given=self._ask("  What it answered (JSON, may be empty): ").strip())
            case "hand":
                names = self._ask("  To whom (names, with commas between): ").split(",")
                return Verdict("assign", to=[name.strip() for name in names if name.strip()])
            case _:
                return Verdict(kind)

    def _value(self, name: str, old: Any, question: OpenQuestion) -> str:
        """What is typed for a field, once it fits; empty to leave it as proposed."""
        while value := self._ask(f"  {name} [{brief_of(old, _LONGEST)}]: ").strip():
            try:
                check_edit(f"{name}={value}", question, self.supervisor)
            except ReviewError as error:
                show_error(error)
                continue
            break
        return value

    def wants_the_same(self, count: int) -> bool:
        """Whether the person answers other threads that ask the same in the same way; no at the end of the input."""
        threads = f"{count} other thread{'s ask' if count > 1 else ' asks'}"
        try:
            return self._ask(f"{threads} the same. Answer so there, too? (yes, no): ").strip().lower() in ("y", "yes")
        except EndOfAnswers:
            return False

    def _signed(self, view: ThreadView, question: OpenQuestion) -> Reviewer:
        codes = () if view.is_inner(question) else self.supervisor.policy.review.reason_codes
        if not codes or self.reviewer.reason_code:
            return self.reviewer
        self.screen.print(f"  Reason codes: {', '.join(codes)}", soft_wrap=True)
        while (code := self._ask("  Reason code (may be empty): ").strip()) not in ("", *codes):
            self.screen.print(f"  {printable(code)!r} is none of them.")
        return replace(self.reviewer, reason_code=code)

    def _ask(self, prompt: str) -> str:
        try:
            return input(printable(prompt))
        except EOFError:
            self.screen.print()
            raise EndOfAnswers from None


class EndOfAnswers(Exception):
    """The input ended before the question was answered."""
