"""Final verdicts: a person's, else the rule's, else that of a judge that has a vote."""

import polars as pl

from r1data.curate.current import deciding_verdicts, latest_reviews
from r1data.judge.asked import asked
from r1data.judge.vote import votes, with_vote
from r1data.recipe import Recipe

JUDGED = ("judge_verdict", "judge_has_vote")
"""What the judge said, and whether that counts."""
_SAID = {"approve": "right", "edit": "right", "reject": "wrong"}
_KEY = ["rollout_id", "judge_id", "rubric", "rubric_version", "reference_version"]


def final_verdicts(
    rollouts: pl.LazyFrame,
    *,
    prompts: pl.LazyFrame,
    prompt_references: pl.LazyFrame,
    verdicts: pl.LazyFrame,
    judgements: pl.LazyFrame,
    calibrations: pl.LazyFrame,
    reviews: pl.LazyFrame,
    recipe: Recipe,
) -> pl.LazyFrame:
    """What counts of each rollout, and who says so.

    A judge is heard only where no rule decides: of several rubrics all must be right, and one that has a vote
    and says wrong is enough for wrong. Without a vote its verdict is unknown(judge_has_no_vote).

    Args:
        rollouts: schema ROLLOUTS; texts are not read.
        prompts, prompt_references, verdicts, judgements, calibrations, reviews: whole ledgers; what is not
            current is left aside.
        recipe: its section [judge] says which judge, rubrics and thresholds are current.

    Returns:
        rollout_id, verdict, reward, reason, decided_by (rule, judge, person; null while unknown), review_id
        (null unless a person decided), edited (a person wrote the text), judge_has_vote and
        judge_verdict (null where no judge was heard, given also beside a rule that decided). All but
        rollout_id are null where nobody has said anything.
    """
    ruled = deciding_verdicts(rollouts, verdicts, prompt_references)
    questions = asked(
        rollouts,
        prompts=prompts,
        prompt_references=prompt_references,
        verdicts=verdicts,
        settings=recipe.judge,
    )
    judged = judge_verdicts(questions, judgements, votes(calibrations, recipe.judge).lazy())
    reviewed = latest_reviews(reviews).select("rollout_id", "review_id", review="verdict")
    known = (
        rollouts.select("rollout_id")
        .join(ruled.select("rollout_id", "verdict", "reward", "reason"), on="rollout_id", how="left")
        .join(judged, on="rollout_id", how="left")
        .join(reviewed, on="rollout_id", how="left")
    )
    return _decided(known)


def judge_verdicts(questions: pl.LazyFrame, judgements: pl.LazyFrame, votes: pl.LazyFrame) -> pl.LazyFrame:
    """What the judge says of each rollout, all of its rubrics together.

    Args:
        questions: as `r1data.judge.asked.asked` gives them.
        judgements: the ledger.
        votes: as `r1data.judge.vote.votes` gives them.

    Returns:
        rollout_id, judge_verdict, judge_reward (the least of its rubrics), judge_reason, judge_has_vote (all
        of its rubrics have one). A rollout is not among them while a rubric's judgement is missing, unless
        another one says wrong and has a vote.
    """
    judged = questions.join(judgements.select(*_KEY, "verdict", "reward", "reason"), on=_KEY, how="left")
    said = with_vote(judged, votes).sort("rollout_id", "rubric")
    verdict = pl.col("verdict")
    by_rollout = said.group_by("rollout_id", maintain_order=True).agg(
        complete=verdict.is_not_null().all(),
        refused=((verdict == "wrong") & pl.col("has_vote")).any(),
        wrong=(verdict == "wrong").any(),
        right=(verdict == "right").all(),
        judge_has_vote=pl.col("has_vote").all(),
        judge_reward=pl.col("reward").min(),
        doubt=pl.col("reason").filter(verdict == "unknown").first(),
    )
    heard = by_rollout.filter(pl.col("complete") | pl.col("refused"))
    return heard.select(
        "rollout_id",
        "judge_reward",
        judge_verdict=pl.when("wrong").then(pl.lit("wrong")).when("right").then(pl.lit("right"))
        .otherwise(pl.lit("unknown")),
        judge_reason=pl.when("wrong").then(pl.lit("judged_wrong")).when("right").then(pl.lit("judged_right"))
        .otherwise(pl.format("judge_{}", "doubt")),
        judge_has_vote=pl.col("judge_has_vote") | pl.col("refused"),
    )  # fmt: skip


def _decided(known: pl.LazyFrame) -> pl.LazyFrame:
    """One word of each rollout from what rule, judge and person say of it."""
    rule, judge, review = pl.col("verdict"), pl.col("judge_verdict"), pl.col("review")
    who = (
        pl.when(review.is_not_null())
        .then(pl.lit("person"))
        .when(rule.is_in(["right", "wrong"]) | judge.is_null())
        .then(pl.lit("rule"))
        .when("judge_has_vote")
        .then(pl.lit("judge"))
        .otherwise(pl.lit("nobody"))
    )
    reviewed = review.replace_strict(_SAID, return_dtype=pl.String)
    refused = pl.when(reviewed == "wrong").then(pl.lit("rejected_by_person"))
    return (
        known.with_columns(who=who)
        .with_columns(
            verdict=_by_who(reviewed, rule, judge, pl.lit("unknown")),
            reward=_by_who((reviewed == "right").cast(pl.Float64), "reward", "judge_reward", None),
            reason=_by_who(
                refused.otherwise(pl.lit("approved_by_person")),
                "reason",
                "judge_reason",
                pl.lit("judge_has_no_vote"),
            ),
            review_id=pl.when(pl.col("who") == "person").then("review_id"),
        )
        .with_columns(
            reward=pl.when(rule != "unknown").then("reward"),
            decided_by=pl.when(rule != "unknown").then("who"),
        )
        .select(
            "rollout_id",
            "verdict",
            "reward",
            "reason",
            "decided_by",
            "review_id",
            *JUDGED,
            edited=review == "edit",
        )
    )


def _by_who(person: pl.Expr, rule: pl.Expr | str, judge: pl.Expr | str, nobody: pl.Expr | None) -> pl.Expr:
    who = pl.col("who")
    heard = pl.when(who == "person").then(person).when(who == "rule").then(rule)
    return heard.when(who == "judge").then(judge).otherwise(nobody)
