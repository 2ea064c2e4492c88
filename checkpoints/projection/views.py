"""Projection views: the questions over the projected tables that are asked most."""

from __future__ import annotations

from .column import ProjectedView, ProjectionColumn

__all__ = ["VIEWS"]

_Column = ProjectionColumn

OPEN_REVIEWS = ProjectedView(
    "open_reviews",
    "A question that waits for a person now; the oldest first.",
    (
        _Column("thread", "text", "Id of the thread."),
        _Column("turn", "integer", "Number of the turn in the thread.", "from 1"),
        _Column("question", "text", "Id of the question, as `quorate review` takes it."),
        _Column("kind", "text", "fields, effect or agent."),
        _Column("reason", "text", "Why a person must look, in one line."),
        _Column("proposed", "json", "Proposed values by field, or the effect's arguments."),
        _Column("asked_at", "time", "When it was asked.", "UTC, ISO 8601"),
        _Column("team", "text", "Name of the team."),
        _Column("input", "text", "Where the thread's request stood."),
    ),
    """
SELECT r.thread, r.turn, r.question, r.kind, r.reason, r.proposed, r.asked_at, t.team, t.input
FROM reviews r JOIN threads t ON t.thread = r.thread
WHERE r.status = 'open'
ORDER BY r.asked_at, r.thread
""",
)

OVERRIDDEN_DECISIONS = ProjectedView(
    "overridden_decisions",
    "A field for which a person decided on another value than the best candidate of the vote; the newest first.",
    (
        _Column("thread", "text", "Id of the thread."),
        _Column("turn", "integer", "Number of the turn in the thread.", "from 1"),
        _Column("field", "text", "Name of the field."),
        _Column("voted_value", "text", "The best candidate of the vote."),
        _Column("voted_confidence", "real", "Probability of that candidate.", "probability, 0 to 1"),
        _Column("value", "text", "What the person decided; NULL where the person left it open."),
        _Column("reviewer", "text", "The person."),
        _Column("reason_code", "text", "The person's reason, from the policy's list."),
        _Column("decided_at", "time", "When.", "UTC, ISO 8601"),
    ),
    """
SELECT thread, turn, field, voted_value, voted_confidence, value, reviewer, reason_code, decided_at
FROM decisions
WHERE overridden
ORDER BY decided_at DESC, thread, turn, field
""",
)

USAGE_BY_AGENT = ProjectedView(
    "usage_by_agent",
    "What the runs of an agent took, for each model that it called.",
    (
        _Column("agent", "text", "Name of the agent."),
        _Column("model", "text", "Name of the model; NULL where none was called."),
        _Column("runs", "integer", "How often it ran.", "runs"),
        _Column("failed", "integer", "Runs that ended in a fault.", "runs"),
        _Column("without_claim", "integer", "Runs in which it abstained, or proposed an effect.", "runs"),
        _Column("attempts", "integer", "Attempts of all runs.", "attempts"),
        _Column("input_tokens", "integer", "Sent to the model.", "tokens"),
        _Column("output_tokens", "integer", "That came back.", "tokens"),
        _Column("usd", "real", "What they cost, as far as prices are known; NULL where none is.", "US dollars"),
        _Column("seconds", "real", "Wall time of all runs.", "seconds"),
        _Column("seconds_per_run", "real", "Mean wall time of a run.", "seconds"),
    ),
    """
SELECT agent, model, count(*) AS runs, count(*) FILTER (WHERE failed) AS failed,
    count(*) FILTER (WHERE claims = 0 AND NOT failed) AS without_claim,
    CAST(sum(attempts) AS bigint) AS attempts, CAST(sum(input_tokens) AS bigint) AS input_tokens,
    CAST(sum(output_tokens) AS bigint) AS output_tokens, sum(usd) AS usd,
    sum(seconds) AS seconds, avg(seconds) AS seconds_per_run
FROM usage
GROUP BY agent, model
ORDER BY seconds DESC, agent, model
""",
)

AGREEMENT_BY_AGENT = ProjectedView(
    "agreement_by_agent",
    "How often an agent claimed the value of a field that was settled in the end.",
    (
        _Column("agent", "text", "Name of the agent."),
        _Column("field", "text", "Name of the field."),
        _Column("decisions", "integer", "Settled decisions in which its claims count.", "decisions"),
        _Column("agreed", "integer", "Those in which it claimed the settled value.", "decisions"),
        _Column("agreement", "real", "agreed / decisions.", "share, 0 to 1"),
        _Column("mean_confidence", "real", "Mean of its own highest confidence in each.", "probability, 0 to 1"),
        _Column("by_person", "integer", "Those in which a person decided.", "decisions"),
    ),
    """
SELECT c.agent, c.field, count(*) AS decisions, count(*) FILTER (WHERE c.agreed = 1) AS agreed,
    CAST(avg(c.agreed * 1.0) AS double precision) AS agreement, avg(c.confidence) AS mean_confidence,
    count(*) FILTER (WHERE d.locked) AS by_person
FROM (
    SELECT thread, turn, agent, field, max(CASE WHEN agrees THEN 1 ELSE 0 END) AS agreed,
        max(confidence) AS confidence
    FROM claims
    WHERE agrees IS NOT NULL
    GROUP BY thread, turn, agent, field
) c JOIN decisions d ON d.thread = c.thread AND d.turn = c.turn AND d.field = c.field
GROUP BY c.agent, c.field
ORDER BY c.field, agreement DESC, c.agent
""",
)

REVIEW_STATISTICS = ProjectedView(
    "review_statistics",
    "How often a person agreed with what was proposed for a field, and how long that took.",
    (
        _Column("field", "text", "Name of the field; of effects the field that their answers are claimed for."),
        _Column("reviewer", "text", "The person, as spelt in the answers; NULL where nobody gave a name."),
        _Column("answers", "integer", "How often the person answered: approve, edit, reject.", "answers"),
        _Column("agreed", "integer", "Answers that took what was proposed.", "answers"),
        _Column("overridden", "integer", "Answers that took something else, or nothing.", "answers"),
        _Column("agreement", "real", "agreed / (agreed + overridden).", "share, 0 to 1"),
        _Column("median_seconds", "real", "Median time from the question to the answer; bulk left out.", "seconds"),
        _Column("bulk", "integer", "Answers that were given to several like questions at once.", "answers"),
    ),
    """
SELECT field, reviewer, count(*) AS answers, count(*) FILTER (WHERE agrees) AS agreed,
    count(*) FILTER (WHERE NOT agrees) AS overridden,
    CAST(avg(CASE WHEN agrees THEN 1.0 WHEN NOT agrees THEN 0.0 END) AS double precision) AS agreement,
    avg(seconds) FILTER (WHERE place IN ((timed + 1) / 2, (timed + 2) / 2)) AS median_seconds,
    count(*) FILTER (WHERE bulk) AS bulk
FROM (
    SELECT field, reviewer, agrees, bulk, seconds, count(seconds) OVER (PARTITION BY field, reviewer) AS timed,
        row_number() OVER (PARTITION BY field, reviewer ORDER BY seconds IS NULL, seconds) AS place
    FROM opinions
    WHERE kind IN ('approve', 'edit', 'reject')
) o
GROUP BY field, reviewer
ORDER BY field, answers DESC, reviewer
""",
)

VIEWS = (OPEN_REVIEWS, OVERRIDDEN_DECISIONS, USAGE_BY_AGENT, AGREEMENT_BY_AGENT, REVIEW_STATISTICS)
"""All of them."""
