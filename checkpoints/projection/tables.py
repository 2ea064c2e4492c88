"""Projection tables: which tables are made from checkpoints, column by column."""

from __future__ import annotations

from .column import ProjectedTable, ProjectionColumn

__all__ = ["CHILDREN", "TABLES", "THREADS", "TURNS"]

_Column = ProjectionColumn

_UTC = "UTC, ISO 8601"
_PROBABILITY = "probability, 0 to 1"
_BASIS = _Column("basis", "json", "Versions of the decisions that the agent read, by field.")
_KIND = _Column(
    "value_type", "text", "What the value is: text, number, boolean, list or object; NULL where there is none."
)


def _thread(meaning: str = "Id of the thread.") -> ProjectionColumn:
    return _Column("thread", "text", meaning)


def _in_turn(number: str) -> tuple[ProjectionColumn, ...]:
    return (
        _thread(),
        _Column("turn", "integer", "Number of the turn in the thread.", "from 1"),
        _Column("number", "integer", number, "from 1"),
    )


THREADS = ProjectedTable(
    "threads",
    "A conversation: one thread of the checkpoints.",
    (
        _thread(),
        _Column(
            "status",
            "text",
            "Where it stands: settled, unsettled, rejected or halted (its newest turn has ended so), waiting (for a "
            "person), unfinished (stopped, or running), other (of a graph that is no team of quorate, and has ended), "
            "unreadable (damaged, or with records of another form).",
        ),
        _Column("reason", "text", "Why it stands so, in one line."),
        _Column("turns", "integer", "Number of its newest turn; NULL where it is unreadable, or of no team.", "turns"),
        _Column("team", "text", "Name of the team; NULL where a program of your own ran it."),
        _Column("graph", "text", "The graph as `quorate run` was given it; NULL where a program of your own ran it."),
        _Column("input", "text", "Where its request stood; NULL where a program of your own ran it."),
        _Column("opened_at", "time", "When the first of its turns was opened that was not pruned.", _UTC),
        _Column("updated_at", "time", "When its newest checkpoint was made.", _UTC),
        _Column("checkpoint", "text", "Id of its newest checkpoint."),
        _Column(
            "digest",
            "text",
            "Digest of the newest event of its log that is shown; NULL where that is damaged, or a key is missing.",
            "hexadecimal",
        ),
        _Column("generation", "integer", "How often events were taken out of its log, or rewritten.", "times"),
    ),
    key=1,
    indexes=(("status",), ("updated_at",)),
)

TURNS = ProjectedTable(
    "turns",
    "A turn of a thread: one request, and what became of it.",
    (
        _thread(),
        _Column("turn", "integer", "Its number in the thread.", "from 1"),
        _Column(
            "status",
            "text",
            "How it ended: settled, unsettled, rejected, halted; or that it is waiting or unfinished; left: a newer "
            "turn was opened before it ended; unreadable: its records are not those of quorate.",
        ),
        _Column("reason", "text", "Why, in one line."),
        _Column("request", "json", "The validated request; a large field by its digest. NULL before it is taken in."),
        _Column("goals", "json", "List of the fields that it must settle. NULL before the request is taken in."),
        _Column("outcome", "json", "The settled values by field."),
        _Column("opened_at", "time", "When its input was stored; where that was pruned: its first move.", _UTC),
        _Column("ended_at", "time", "When the supervisor ended it; NULL where it has not ended.", _UTC),
        _Column("seconds", "real", "From opened_at to ended_at, the time that people took included.", "seconds"),
        _Column("updated_at", "time", "When its newest checkpoint was made.", _UTC),
        _Column("checkpoint", "text", "Id of its newest checkpoint."),
    ),
    key=2,
    indexes=(("status",), ("opened_at",)),
)

CLAIMS = ProjectedTable(
    "claims",
    "What one agent held to be the value of a field.",
    (
        *_in_turn("Its place among the turn's claims, in the order of arrival."),
        _Column("field", "text", "Name of the field."),
        _Column("value", "text", "The claimed value: text as it stands, all else as JSON; NULL where it is null."),
        _KIND,
        _Column("confidence", "real", "The agent's own.", _PROBABILITY),
        _Column("agent", "text", "Name of the agent."),
        _Column("version", "text", "Version of the agent's contract."),
        _Column(
            "agrees",
            "boolean",
            "Whether the agent claimed the value that was settled; NULL where nothing is, or its claims do not count.",
        ),
        _Column("person", "text", "Who decided it, where the agent is a team that asked a person; else NULL."),
        _Column("sequence", "integer", "Its place among the claims of one run of the agent.", "from 0"),
        _Column("reason", "text", "Why this value, in one line."),
        _Column("evidence", "json", "List of where the value was seen: quotes, items, passages."),
        _BASIS,
    ),
    key=3,
    indexes=(("agent", "field"), ("field",)),
)

DECISIONS = ProjectedTable(
    "decisions",
    "The standing value of a field in a turn, with the votes that led to it.",
    (
        _thread(),
        _Column("turn", "integer", "Number of the turn in the thread.", "from 1"),
        _Column("field", "text", "Name of the field."),
        _Column("status", "text", "settled, contested (a person must look) or abstained (there is no value)."),
        _Column(
            "value",
            "text",
            "The value, of a contested field the leading candidate: text as it stands, all else as JSON; NULL where "
            "there is none.",
        ),
        _KIND,
        _Column("confidence", "real", "Probability of the value; 1 where a person decided.", _PROBABILITY),
        _Column("decided_by", "text", "vote, rule:<name>, person:<reviewer>, policy:deadline or policy:disagreement."),
        _Column("reason", "text", "Why it stands so, in one line."),
        _Column("version", "integer", "How often value or status have changed in the turn, the first time included."),
        _Column("voted_value", "text", "The best candidate of the vote, as in value; NULL where nobody claimed one."),
        _Column("voted_confidence", "real", "Probability of that candidate.", _PROBABILITY),
        _Column("voters", "integer", "How many agents claimed a value.", "agents"),
        _Column("overridden", "boolean", "Whether a person decided on another value than the best candidate, or none."),
        _Column("locked", "boolean", "Whether a person decided, or a deadline; then no automation reopens it."),
        _Column("reviewer", "text", "The person; NULL where none decided."),
        _Column("reason_code", "text", "The person's reason, from the policy's list; NULL where none decided."),
        _Column("decided_at", "time", "When the person decided; NULL where none did.", _UTC),
        _Column("asks_review", "boolean", "Whether a rule or the policy, and not the vote, wants a person to look."),
        _Column("rules", "json", "List of the rules that applied."),
        _Column("dissent", "json", "List of the agents that claimed another value."),
        _Column(
            "tally", "json", "List of the candidates, best first: value, key, score (log-odds), confidence, agents."
        ),
        _Column("conflicts", "json", "List of the ways in which the claims do not fit together: kind, agents, note."),
        _Column(
            "flip",
            "json",
            "Where it is contested: the smallest change of claims that would have settled it (changes, each with "
            "agent, kind, value, confidence; value; exact); NULL where none is known.",
        ),
        _Column("policy", "text", "Digest of the policy.", "SHA-256, hexadecimal"),
    ),
    key=3,
    indexes=(("field", "status"), ("reviewer",)),
)

REVIEWS = ProjectedTable(
    "reviews",
    "A question that a person was asked, with the answer; or a correction that a person made unasked.",
    (
        *_in_turn("Its place among the turn's reviews."),
        _Column(
            "kind",
            "text",
            "fields (to decide), effect (to approve), agent (asked within an agent's own graph), correction.",
        ),
        _Column(
            "status",
            "text",
            "open (waits now; an answer beside it was given, but not taken in yet), answered, dropped (the turn went "
            "on without an answer), or asking (a run is about to ask, or was stopped there).",
        ),
        _Column("question", "text", "Id of the question, as `quorate review` takes it; NULL where it is not kept."),
        _Column("move", "integer", "Number of the supervisor's newest move at that time."),
        _Column("fields", "json", "List of the fields that it is about."),
        _Column("effect", "text", "Slot of the effect that it is about; else NULL."),
        _Column("reason", "text", "Why a person must look, in one line."),
        _Column("proposed", "json", "Proposed values by field, or the effect's arguments; NULL where not kept."),
        _Column("asked_at", "time", "When the supervisor asked; NULL for a correction.", _UTC),
        _Column(
            "verdict",
            "text",
            "approve, edit, reject, respond, assign, lapse, correct; NULL where not kept, or none came.",
        ),
        _Column("given", "json", "The values that the person gave, by name; NULL where none."),
        _Column("message", "text", "What the person said; NULL where nothing."),
        _Column("reviewer", "text", "Who answered; NULL where not known."),
        _Column("reason_code", "text", "Why, from the policy's list; the verdict where it was left out."),
        _Column("answered_at", "time", "When the answer was taken in; NULL where that was pruned.", _UTC),
        _Column("seconds", "real", "From asked_at to answered_at.", "seconds"),
    ),
    key=3,
    indexes=(("status",), ("reviewer",)),
)

OPINIONS = ProjectedTable(
    "opinions",
    "What one person said of one field or effect, in answer to a question or unasked.",
    (
        *_in_turn("Its place among the turn's opinions."),
        _Column(
            "kind",
            "text",
            "approve, edit, reject or respond; assign (handed to others), lapse (nobody answered in time) or correct "
            "(unasked).",
        ),
        _Column("field", "text", "Name of the field; of an effect the field that its answer is claimed for."),
        _Column("effect", "text", "Slot of the effect that it is about; else NULL."),
        _Column("move", "integer", "Number of the move that asked; of a correction the newest move."),
        _Column("value", "text", "What the person wants, as in decisions; NULL where that is nothing, or not told."),
        _KIND,
        _Column("proposed", "text", "The leading value, or the proposed arguments; NULL where there was none."),
        _Column(
            "agrees", "boolean", "Whether the person wants what was proposed; NULL where nothing was, or not told."
        ),
        _Column("reviewer", "text", "The person; NULL where nobody gave a name."),
        _Column("reason_code", "text", "Why, from the policy's list; NULL where it was left out."),
        _Column("message", "text", "What the person said; NULL where nothing."),
        _Column("handed_to", "json", "Of assign: list of those whose question it is since."),
        _Column("asked_at", "time", "When it was asked; NULL for a correction.", _UTC),
        _Column("said_at", "time", "When it was said.", _UTC),
        _Column("seconds", "real", "From asked_at to said_at; NULL where one answer was given to many.", "seconds"),
        _Column("bulk", "boolean", "Whether one answer was given to several like questions."),
        _Column("claims", "integer", "How many claims the turn had at that time.", "claims"),
    ),
    key=3,
    indexes=(("field", "reviewer"),),
)

EFFECTS = ProjectedTable(
    "effects",
    "A change to the outside world, from proposal to record.",
    (
        _thread(),
        _Column("turn", "integer", "Number of the turn in the thread.", "from 1"),
        _Column("slot", "text", "Its place among the turn's effects: a digest of agent and key."),
        _Column("name", "text", "What is done: the name of the receiver."),
        _Column(
            "status",
            "text",
            "proposed, approved, declined, withdrawn, done, duplicate (done before, elsewhere), failed, unknown (it "
            "may have happened), or compensated (done, and undone since).",
        ),
        _Column("key", "text", "The idempotency key, as in the table effects_ledger.", "SHA-256, hexadecimal"),
        _Column("digest", "text", "Digest of the name and the exact arguments.", "SHA-256, hexadecimal"),
        _Column("args", "json", "The exact arguments."),
        _Column("result", "json", "The receiver's answer; NULL where there is none."),
        _Column("note", "text", "What there is to say about the status: the error, the earlier thread."),
        _Column("field", "text", "The field that the answer is claimed for."),
        _Column("agent", "text", "Name of the agent that proposed it."),
        _Column("version", "text", "Version of the agent's contract."),
        _Column("reason", "text", "Why, in one line."),
        _Column(
            "decided_by",
            "text",
            "Who approved or declined: policy or person:<reviewer>, or policy:deadline; NULL where nobody yet.",
        ),
        _Column("reviewer", "text", "The person; NULL where none decided."),
        _Column("reason_code", "text", "The person's reason, from the policy's list; NULL where none decided."),
        _Column("decided_at", "time", "When the person decided; NULL where none did.", _UTC),
        _Column("uncertain", "boolean", "Whether it was unknown at any time."),
        _BASIS,
    ),
    key=3,
    indexes=(("key",), ("status",)),
)

FAULTS = ProjectedTable(
    "faults",
    "A failure that was caught and survived.",
    (
        *_in_turn("Its place among the turn's faults."),
        _Column("agent", "text", "Name of the agent or node that failed."),
        _Column(
            "kind",
            "text",
            "request, contract, error, timeout, effect, rate, unavailable, budget, guardrail or progress.",
        ),
        _Column("code", "text", "A short reason code, such as breaker_open; NULL where the kind says it all."),
        _Column("attempt", "integer", "The attempt that failed; 0: there was no budget for any.", "from 0"),
        _Column("message", "text", "What happened, in the words of the error."),
        _Column("fix", "text", "The first thing to try."),
        _BASIS,
    ),
    key=3,
    indexes=(("agent", "kind"),),
)

USAGE = ProjectedTable(
    "usage",
    "What one run of an agent took.",
    (
        *_in_turn("Its place among the turn's runs of agents."),
        _Column("agent", "text", "Name of the agent."),
        _Column("model", "text", "Name of the model that was called; NULL where none was."),
        _Column("input_tokens", "integer", "Sent to the model, those in its cache included.", "tokens"),
        _Column("output_tokens", "integer", "That came back.", "tokens"),
        _Column("cached_tokens", "integer", "Of those sent: that the provider read from its cache.", "tokens"),
        _Column("cache_write_tokens", "integer", "Of those sent: that the provider wrote to its cache.", "tokens"),
        _Column("usd", "real", "What it cost; NULL where there is no price for the model.", "US dollars"),
        _Column("seconds", "real", "Wall time of all attempts, without the waits between them.", "seconds"),
        _Column("attempts", "integer", "Attempts that were made, the last one included.", "attempts"),
        _Column("claims", "integer", "Claims that were made; 0: the agent abstained, or proposed an effect.", "claims"),
        _Column("failed", "boolean", "Whether it ended in a fault."),
        _Column("cached", "boolean", "Whether an earlier answer was taken again, and nothing was called."),
        _BASIS,
    ),
    key=3,
    indexes=(("agent", "model"),),
)

MOVES = ProjectedTable(
    "moves",
    "What the supervisor did, and why.",
    (
        *_in_turn("Its place in the turn."),
        _Column("kind", "text", "dispatch (run agents), ask (a person), execute (effects), finish or halt."),
        _Column("reason", "text", "Why, in one line."),
        _Column("made_at", "time", "When.", _UTC),
        _Column("agents", "json", "Of dispatch: the agents, each with the versions of the decisions that it reads."),
        _Column("fields", "json", "Of ask: list of the fields to decide."),
        _Column("effects", "json", "Of ask and execute: list of the slots of the effects."),
        _Column("outcome", "text", "Of finish and halt: how the turn ended."),
    ),
    key=3,
    indexes=(("kind",),),
)

CHILDREN = (TURNS, CLAIMS, DECISIONS, REVIEWS, OPINIONS, EFFECTS, FAULTS, USAGE, MOVES)
"""The tables whose rows belong to a turn."""

TABLES = (THREADS, *CHILDREN)
"""All of them, those first that others refer to."""
