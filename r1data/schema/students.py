"""Ledgers of what was trained and how it fared."""

import polars as pl

from r1data.schema.table import Column, ledger

STUDENTS = ledger(
    "students",
    "run_key trained_at",
    "One row per training job that became a student's current one; the latest row of a student counts.",
    Column("run_key", pl.String, "Content address of mix rows, recipe, base, seed and trainer versions."),
    Column("student", pl.String, "Name of the student's file in recipes/students."),
    Column("recipe", pl.String, "Name of the recipe whose corpus it read."),
    Column("mix_name", pl.String, "Name of the mix's file in sql/mixes."),
    Column("mix", pl.String, "The SQL text of the mix."),
    Column("trainer", pl.String, "One of sft, grpo, reward_model."),
    Column("launcher", pl.String, "Where it was trained."),
    Column("seed", pl.Int64, "Seed of its training."),
    Column("settings", pl.String, "Sections of the recipe that decided what was learnt, as a JSON object."),
    Column("rows_digest", pl.String, "Content address of the rows that it trained on."),
    Column("inputs", pl.String, "Versions of the tables that the mix read, as a JSON object."),
    Column("base", pl.String, "Base model as the recipe names it."),
    Column("base_revision", pl.String, "Hash of the base model's weights."),
    Column("n_rows", pl.Int64, "Traces that it trained on."),
    Column("n_rows_too_long", pl.Int64, "Traces left out because they exceed the student's context."),
    Column("steps", pl.Int64, "Optimiser steps."),
    Column("first_loss", pl.Float64, "Mean training loss of the first tenth of steps."),
    Column("last_loss", pl.Float64, "Mean training loss of the last tenth of steps."),
    Column(
        "first_reward",
        pl.Float64,
        "Mean reward of the first tenth of rewarded steps; null without any.",
    ),
    Column(
        "last_reward",
        pl.Float64,
        "Mean reward of the last tenth of rewarded steps; null without any.",
    ),
    Column("elapsed_s", pl.Float64, "Seconds of training."),
    Column("gpu_hours", pl.Float64, "Seconds of training × GPUs / 3600; 0 on a CPU."),
    Column("peak_memory_bytes", pl.Int64, "Peak resident memory of the trainer; null where verl trained."),
    Column("revision", pl.String, "Hash of the student's weights."),
    Column("folder", pl.String, "Folder of the student, relative to the students' folder."),
    Column("trained_at", pl.Datetime("us", "UTC"), "When the job became the student's current one."),
)

EVALUATIONS = ledger(
    "evaluations",
    "student_id benchmark item_id index",
    "One row per attempt of a student, its base or a teacher at a benchmark item.",
    Column("student_id", pl.String, "Content address of the model's weights and of how it was sampled."),
    Column("student", pl.String, "Name of the student, the base model or the teacher."),
    Column("run_key", pl.String, "Training job that made the model; null for a base model or a teacher."),
    Column("revision", pl.String, "Hash of the model's weights."),
    Column("protocol", pl.String, "Content address of how it was asked: sampling, caps and few-shots."),
    Column("benchmark", pl.String, "Name of the benchmark."),
    Column("item_id", pl.String, "The item."),
    Column("index", pl.Int32, "Attempt number, from 0."),
    Column("completion", pl.String, "Raw text that the model wrote."),
    Column("finish_reason", pl.String, "One of stop, length, abort, error, repetition, rejected, refusal."),
    Column("prompt_tokens", pl.Int64, "Tokens of the prompt; null where they were not stored."),
    Column("completion_tokens", pl.Int64, "Tokens of the completion."),
    Column("elapsed_s", pl.Float64, "Seconds from submission to the last token."),
    Column("verdict", pl.String, "Verdict on the answer: right, wrong or unknown."),
    Column("extracted", pl.String, "The answer that was compared; null when there was none."),
    Column("well_formed", pl.Boolean, "Whether the thought was opened, closed and followed by an answer."),
    Column("solved", pl.Boolean, "Right and well-formed; a completion that hit the cap counts as unsolved."),
    Column(
        "last_number_right",
        pl.Boolean,
        "Whether the last number (or word) is the reference, whatever the form.",
    ),
    Column(
        "verifier_version",
        pl.String,
        "Version of the verifier that gave the verdict; null where it was not stored. Results judge anew what"
        " another version judged.",
    ),
    Column(
        "reference_version",
        pl.String,
        "Content address of the reference, verifier and arguments that it was judged by; null where it was"
        " not stored.",
    ),
)
