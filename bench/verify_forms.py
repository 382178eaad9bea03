"""How far verdicts without mathematics and code agree with labels and with what must hold.

    python -m bench.verify_forms FOLDER --list

FOLDER holds the Parquet files named below; one that is missing is passed over.

    reasoninggym_easy_*     labels of the tasks' own scorers; items whose reference is not right by itself are
                            left out, since their metadata is not in the files
    logic_knights_knaves_*  each solution, written in eight ways, against itself and another solution
    reasoning_bbh_*         each option of a question, written in five ways, against the target
    ifeval_*                made-up answers, and published replies of GPT-4
    lang_mix_*              texts with foreign sentences
    lang_sentences_*        sentences of one language
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import polars as pl

from r1data.verify import own_completion
from r1data.verify.verdict import Verdict
from r1data.verify.workers import Pool, Task

Case = tuple[Task, bool, str]
"""What to judge, whether it is right by the label, and what kind it is of."""
ROLES = ("knave", "knight")


def finished(answer: str) -> str:
    """A completion with that answer."""
    return f"<think>.</think>{answer}"


def gym_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Real answers of models, with the score that the task's own scorer gave."""
    for row in rows.iter_rows(named=True):
        args = {"task": row["task"], "metadata": {}}
        task = Task("reasoning_gym", finished(row["response"]), row["expected_answer"], args)
        yield task, row["score"] == 1, row["task"]


def with_good_reference(cases: list[Case], pool: Pool) -> list[Case]:
    """The cases whose reference can be used without the metadata that its item had."""
    distinct = {(task.args["task"], task.reference or ""): task for task, _, _ in cases}
    own = (Task(t.verifier, finished(t.reference or ""), t.reference, t.args) for t in distinct.values())
    good = {key for key, verdict in zip(distinct, pool.map(own), strict=True) if verdict.verdict == "right"}
    return [case for case in cases if (case[0].args["task"], case[0].reference or "") in good]


def logic_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Solutions, and the same with the first person turned, in the ways that models write them."""
    for row in rows.iter_rows(named=True):
        turned = [not row["solution"][0], *row["solution"][1:]]
        for solution, is_right in ((row["solution"], True), (turned, False)):
            for kind, answer in solutions(row["names"], solution).items():
                yield Task("logic", finished(answer), row["solution_text"]), is_right, kind


def solutions(names: list[str], solution: list[bool]) -> dict[str, str]:
    """A solution in eight ways."""
    said = {name: ROLES[one] for name, one in zip(names, solution, strict=True)}
    both = {role: [name for name in names if said[name] == role] for role in ROLES}
    return {
        "prose": ", ".join(f"{name} is a {role}" for name, role in said.items()),
        "numbered": "\n".join(f"({n}) {name} is a {role}" for n, (name, role) in enumerate(said.items(), 1)),
        "bold": "Final answer:\n\n" + "\n".join(f"- **{name}**: {role}" for name, role in said.items()),
        "table": "| Name | Role |\n" + "\n".join(f"| {name} | {role} |" for name, role in said.items()),
        "json": json.dumps(said),
        "box": rf"\boxed{{\text{{{', '.join(f'{name}: {role}' for name, role in said.items())}}}}}",
        "groups": "\n".join(f"{role.title()}s: {', '.join(group)}" for role, group in both.items() if group),
        "after steps": f"Assume {names[0]} is a knave. That fails.\n\nSo "
        + " and ".join(f"{name} is a {role}" for name, role in said.items()),
    }  # fmt: skip


def choice_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Every option of a question as the answer, in the ways that models write it."""
    for row in rows.iter_rows(named=True):
        options = re.findall(
            r"^(?:\(([A-Z])\)|-) (.*\S)", row["input"].partition("Options:")[2], re.MULTILINE
        )
        texts = {letter or "ABCDEFGH"[n]: text for n, (letter, text) in enumerate(options[:8])}
        for letter, text in texts.items():
            is_right = row["target"] in (f"({letter})", text)
            forms = (
                f"({letter})",
                f"The answer is {text}.",
                rf"\boxed{{\text{{{letter}}}}}",
                f"选{letter}",
                text,
            )
            for form in forms:
                yield Task("choice", finished(form), row["target"], {"options": texts}), is_right, row["task"]


def instruction_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Answers that are made up to keep the constraints of a prompt."""
    for row in rows.iter_rows(named=True):
        args = {"instruction_id_list": row["instruction_id_list"], "kwargs": row["kwargs"]}
        yield Task("instruction", own_completion("instruction", "", args), None, args), True, "made up"


def reply_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Replies of GPT-4, without labels: the paper has 76.9 % of all 541 prompts kept, 79.3 % loosely."""
    for row in rows.iter_rows(named=True):
        args = {"instruction_id_list": row["instruction_id_list"], "kwargs": row["kwargs"]}
        for mode in ("strict", "loose"):
            yield Task("instruction", finished(row["gpt4_response"]), None, args | {"mode": mode}), True, mode


def mix_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Texts in which sentences of another language were put, or none."""
    for row in rows.iter_rows(named=True):
        args = {"language": row["base_lang"]}
        yield Task("language", row["text"], None, args), row["mixed_chars"] == 0, row["mixed_lang"] or "none"


def sentence_cases(rows: pl.DataFrame) -> Iterator[Case]:
    """Sentences of one language each."""
    for row in rows.iter_rows(named=True):
        yield Task("language", row["text"], None, {"language": row["lang"]}), True, row["lang"]


SETS = {
    "reasoninggym_easy_*": gym_cases,
    "logic_knights_knaves_*": logic_cases,
    "reasoning_bbh_*": choice_cases,
    "ifeval_*": instruction_cases,
    "ifeval_* ": reply_cases,
    "lang_mix_*": mix_cases,
    "lang_sentences_*": sentence_cases,
}


def main() -> None:
    """Print agreement per set and kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the Parquet files are")
    parser.add_argument("--only", default="", help="sets whose name begins so")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows per file, evenly taken")
    parser.add_argument("--list", action="store_true", help="print every disagreement")
    args = parser.parse_args()
    with Pool() as pool:
        for pattern, cases in SETS.items():
            for path in sorted(args.folder.glob(f"{pattern.strip()}.parquet")):
                if path.name.startswith(args.only):
                    rows = pl.read_parquet(path)
                    rows = rows.gather_every(max(1, rows.height // args.rows))
                    made = list(cases(rows))
                    used = with_good_reference(made, pool) if cases is gym_cases else made
                    report(f"{path.stem}: {cases.__doc__}", used, pool, args.list)


def report(title: str, cases: list[Case], pool: Pool, lists: bool) -> None:
    """Judge the cases and print how far verdicts agree with labels, the kinds that disagree first."""
    started, counts = process_time(), Counter[tuple[str, str]]()
    verdicts = pool.map(task for task, _, _ in cases)
    for (task, is_right, kind), verdict in zip(cases, verdicts, strict=True):
        outcome = (
            verdict.verdict if verdict.verdict == "unknown" else str((verdict.verdict == "right") == is_right)
        )
        counts[kind, outcome] += 1
        if lists and outcome != "True":
            print(f"  {kind}: {shown(task, verdict)}")
    n_same, n_other, n_unknown = (
        sum(n for (_, one), n in counts.items() if one == outcome) for outcome in ("True", "False", "unknown")
    )
    print(
        f"{title}\n  {n_same}/{n_same + n_other} agree ({n_same / max(1, n_same + n_other):.2%}),"
        f" {n_unknown} unknown, {process_time() - started:.1f} CPU-s in this process"
    )
    others = Counter({kind: n for (kind, outcome), n in counts.items() if outcome == "False"})
    print(f"  others: {', '.join(f'{kind} {n}' for kind, n in others.most_common()) or 'none'}")
    unknown = sorted(kind for kind, outcome in counts if outcome == "unknown")
    print(f"  unknown: {', '.join(unknown) or 'none'}")


def shown(task: Task, verdict: Verdict) -> str:
    """One disagreement on a line."""
    answer = task.completion.partition("</think>")[2] or task.completion
    return f"{verdict.reason} {verdict.extracted!r}; reference {task.reference!r}; answer {answer[-300:]!r}"


if __name__ == "__main__":
    main()
