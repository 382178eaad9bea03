"""Tables of who is asked and what came back: teachers, the plan of a night, rollouts."""

import polars as pl

from r1data.schema.table import PROMPT, ROLLOUT, TEACHER, Column, derived, ledger

TEACHERS = ledger(
    "teachers",
    "teacher_id",
    "One row per teacher: every input of its identity, and its terms of use.",
    TEACHER,
    Column("name", pl.String, "Name of the teacher's file in recipes/teachers."),
    Column("model", pl.String, "Model as the recipe names it: embedded name, folder or hub id."),
    Column("revision", pl.String, "Hash of the weights, or the hub's revision."),
    Column("quantisation", pl.String, "Quantisation of the weights; null when none."),
    Column("chat_template", pl.String, "Chat template in Jinja, as used."),
    Column("system_prompt", pl.String, "System prompt; null when none."),
    Column("few_shots", pl.String, "Few-shots, as a JSON list."),
    Column("prefill", pl.String, "Text that every completion starts with; null when none."),
    Column("thinking", pl.Boolean, "The chat template's thinking switch; null when not set."),
    Column(
        "direct_families",
        pl.List(pl.String),
        "Families of prompts that are asked for an answer without a thought; null in older rows.",
    ),
    Column("temperature", pl.Float64, "Sampling temperature."),
    Column("top_p", pl.Float64, "Nucleus sampling mass."),
    Column("top_k", pl.Int64, "Tokens considered at each step; -1 for all."),
    Column("min_p", pl.Float64, "Least probability relative to the likeliest token."),
    Column("stops", pl.List(pl.String), "Stop strings."),
    Column("terms", pl.String, "Licence or terms under which the model's completions may be used."),
)

PLAN = derived(
    "plan",
    "rollout_id",
    "One row per rollout that this night must make, and why; what other nights made is not wanted again.",
    ROLLOUT,
    PROMPT,
    TEACHER,
    Column("index", pl.Int32, "Attempt number at this prompt, from 0."),
    Column("retry_of", pl.String, "The truncated rollout that this one repeats; null otherwise."),
    Column(
        "reason",
        pl.String,
        "new: the prompt was never asked; changed_teacher: only other teachers were; more: this teacher was, "
        "and the recipe asks for more attempts; unsolved: no attempt of earlier nights was right; retry: "
        "made only if the rollout that it repeats hits its cap.",
    ),
    Column("max_tokens", pl.Int32, "Completion tokens allowed."),
)

ROLLOUTS = ledger(
    "rollouts",
    "rollout_id",
    "One row per attempt at a prompt: what the engine returned, never changed afterwards.",
    ROLLOUT,
    PROMPT,
    TEACHER,
    Column("index", pl.Int32, "Attempt number at this prompt, from 0."),
    Column("retry_of", pl.String, "The truncated rollout that this one repeats; null otherwise."),
    Column(
        "unconditional",
        pl.Boolean,
        "Whether it was made whatever came of other attempts, so that pass rates may count it; null is yes.",
    ),
    Column("seed", pl.Int64, "Sampling seed, derived from the rollout id."),
    Column(
        "completion",
        pl.String,
        "Raw text that the model wrote, prefill included; its marks of a thought are `<think>` tags.",
    ),
    Column(
        "thought_start", pl.Int64, "Offset in characters where the thought begins; null without a thought."
    ),
    Column(
        "thought_end", pl.Int64, "Offset in characters where the thought ends; null when it was never closed."
    ),
    Column("answer_start", pl.Int64, "Offset in characters where the answer begins; null without one."),
    Column("reasoning_kind", pl.String, "What of the thought the model shows: full, summary or hidden."),
    Column("finish_reason", pl.String, "One of stop, length, abort, error, repetition, rejected, refusal."),
    Column("detail", pl.String, "Why it ended in another way than stop or length; null otherwise."),
    Column("max_tokens", pl.Int32, "Completion tokens that were allowed; null when that is not known."),
    Column("prompt_tokens", pl.Int64, "Tokens of the rendered prompt; null when nobody counted them."),
    Column("cached_tokens", pl.Int64, "Prompt tokens that the engine had cached; null when it does not say."),
    Column("completion_tokens", pl.Int64, "Tokens of the completion; null when nobody counted them."),
    Column("elapsed_s", pl.Float64, "Seconds from submission to the last token."),
    Column("retries", pl.Int32, "Requests that failed before the one that gave this rollout."),
    Column("engine", pl.String, "Engine that ran it, with its version."),
    Column("cost_usd", pl.Float64, "Money that it cost; null when the recipe names no price."),
)

SKIPPED = derived(
    "skipped",
    "rollout_id",
    "One row per planned rollout that was not made, and why; the next run makes it if that has changed.",
    ROLLOUT,
    PROMPT,
    TEACHER,
    Column(
        "reason",
        pl.String,
        "solved: enough attempts at the prompt are right; futile: so many are wrong that more are not worth "
        "it; not_truncated: the rollout that it would repeat did not hit its cap; budget_attempts, "
        "budget_tokens, budget_usd, budget_wall: the night or the prompt has used up what the recipe allows.",
    ),
)

ENGINE_RUNS = ledger(
    "engine_runs",
    "run teacher_id",
    "One row per run of an engine: what it made, how fast, and what it cost.",
    Column("run", pl.String, "Run that materialised the rollouts."),
    TEACHER,
    Column("recipe", pl.String, "Name of the recipe that asked."),
    Column("engine", pl.String, "Engine, with its version."),
    Column("began_at", pl.Datetime("us", "UTC"), "When the first request was submitted."),
    Column("elapsed_s", pl.Float64, "Seconds from then to the last publication."),
    Column("ended_by", pl.String, "done, stopped (a signal), failed, or budget_… when the budget ended it."),
    Column("n_rollouts", pl.Int64, "Rollouts that the engine finished."),
    Column("prompt_tokens", pl.Int64, "Prompt tokens of these."),
    Column("cached_tokens", pl.Int64, "Prompt tokens of these that the engine had cached."),
    Column("completion_tokens", pl.Int64, "Completion tokens of these."),
    Column("engine_completion_tokens", pl.Int64, "The engine's own count of these; null if it has none."),
    Column("tokens_per_s", pl.Float64, "Completion tokens per second."),
    Column("busy_share", pl.Float64, "Mean share of the engine's slots in use until the queue was empty."),
    Column("queue_depth", pl.Float64, "Mean number of requests that waited in the engine."),
    Column("retries", pl.Int64, "Requests that failed and were sent again."),
    Column("redone", pl.Int64, "Requests that the engine lost and that were made again."),
    Column("duplicates", pl.Int64, "Completions that came twice."),
    Column("replayed", pl.Int64, "Rollouts found in the journal of a run that was cut short."),
    Column("cost_usd", pl.Float64, "Money that it cost; null when the recipe names no price."),
)
