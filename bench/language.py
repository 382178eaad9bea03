"""What the language pass finds and wrongly finds, and how fast it is, beside identification alone.

    python -m bench.language --data FOLDER             # every figure; some two minutes
    python -m bench.language --data FOLDER --only splices --list

Files of the folder, each used if it is there:

    lang_mix_*                  traces with spliced sentences whose places are known, and without
    lang_sentences_*            sentences by language: spliced here into real traces at ends of sentences
    traces_misguided_*          real traces, with the number of their Han letters (`n_cjk`)
    math_MATH500*, math_olymmath*, math_zh_*, mgsm_*   LaTeX-heavy texts, and texts of other targets
"""

import argparse
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from bench.measure import spread
from r1data.curate.language import gate, language_mix
from r1data.curate.language.identify import code_of, kin, likeliest
from r1data.curate.language.scripts import SCRIPTS_OF
from r1data.curate.language.text import mixture

SPLICED = ("es", "fr", "de", "pt", "it", "nl", "pl", "sv", "tr", "id", "vi")
SENTENCE_END = re.compile(r"[.!?](?=\s)|\n(?=\n)")


def main() -> None:
    """Print every measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the Parquet files")
    parser.add_argument("--only", choices=tuple(MEASURES), help="one measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="print what is missed or wrongly found")
    given = parser.parse_args()
    for name, measure in MEASURES.items():
        if given.only in (None, name):
            print(f"\n{name}: {measure.__doc__}", flush=True)
            measure(given)


def read(folder: Path, pattern: str) -> pl.DataFrame:
    """The rows of the files of a pattern; none if there is no file."""
    paths = sorted(folder.glob(f"{pattern}.parquet"))
    if not paths:
        print(f"  no file {pattern}.parquet")
    return pl.concat([pl.read_parquet(path) for path in paths], how="diagonal") if paths else pl.DataFrame()


def traces_of(texts: Iterable[str], target: str | Iterable[str]) -> pl.DataFrame:
    """Texts as the pass reads them."""
    texts = list(texts)
    targets = [target] * len(texts) if isinstance(target, str) else list(target)
    ids = [str(row) for row in range(len(texts))]
    return pl.DataFrame({"night": "n", "rollout_id": ids, "text": texts, "target": targets}).with_columns(
        pl.col("night").cast(pl.String)
    )


def facts_of(texts: Iterable[str], target: str | Iterable[str]) -> list[dict]:
    """The facts of texts, in their order."""
    traces = traces_of(texts, target)
    facts = {row["rollout_id"]: row for row in language_mix(traces.lazy()).collect().iter_rows(named=True)}
    return [facts[row] for row in traces["rollout_id"]]


def real(given: argparse.Namespace) -> list[str]:
    """Real English traces without a Han letter."""
    rows = read(given.data, "traces_misguided_*")
    if rows.is_empty():
        return []
    text = pl.concat_str(pl.col("thinking").fill_null(""), pl.col("output").fill_null(""), separator="\n")
    return rows.filter(pl.col("n_cjk") == 0).select(text)["thinking"].to_list()


def alarms(title: str, texts: list[str], target: str, lists: bool) -> None:
    """Print how many texts have a foreign span."""
    facts = facts_of(texts, target)
    wrong = [one for one in facts if one["n_foreign_chars"]]
    print(f"  {title}: {len(wrong)} of {len(facts)} ({len(wrong) / max(1, len(facts)):.2%})")
    for one in wrong if lists else ():
        print("   ", [(span["language"], span["text"][:100]) for span in one["foreign_spans"][:4]])


def known_splices(given: argparse.Namespace) -> None:
    """spliced sentences whose places are known: found, and letters found outside of them"""
    rows = read(given.data, "lang_mix_*")
    if rows.is_empty():
        return
    facts = facts_of(rows["text"], rows["base_lang"])
    counts: Counter[tuple[str, str]] = Counter()
    for row, fact in zip(rows.iter_rows(named=True), facts, strict=True):
        spans = [(one["offset"], one["offset"] + one["length"]) for one in fact["foreign_spans"]]
        kind = row["mixed_lang"] or "none"
        counts[kind, "texts"] += 1
        counts[kind, "alarms"] += bool(spans)
        counts[kind, "stray"] += any(
            not any(start <= a and b <= end for start, end in row["spans"]) for a, b in spans
        )
        for start, end in row["spans"]:
            counts[kind, "splices"] += 1
            hit = any(a < end and start < b for a, b in spans)
            counts[kind, "found"] += hit
            if given.list and not hit:
                print("    missed", kind, repr(row["text"][start:end]))
    for kind in sorted({kind for kind, _ in counts}):
        one = {name: counts[kind, name] for name in ("texts", "alarms", "splices", "found", "stray")}
        share = f"{one['found'] / one['splices']:.2%}" if one["splices"] else "-"
        print(
            f"  {kind}: {one['found']} of {one['splices']} splices found ({share}), {one['alarms']} of "
            f"{one['texts']} texts flagged, {one['stray']} with a span outside of the splices"
        )


def splices(given: argparse.Namespace) -> None:
    """one sentence of a language of the same script, spliced into a trace at the end of a sentence"""
    rows, traces = read(given.data, "lang_sentences_*"), real(given)
    if rows.is_empty() or not traces:
        return
    sentences = {code: part["text"].to_list() for (code,), part in rows.group_by("lang", maintain_order=True)}
    spanish = read(given.data, "mgsm_*").filter(lang="es")["question"].to_list()
    spanish = ["\n".join(spanish[at : at + 10]) for at in range(0, len(spanish), 10)]
    for target, code, bases in [("en", code, traces) for code in SPLICED] + [
        ("es", other, spanish) for other in ("en", "fr", "pt")
    ]:
        luck = random.Random(f"{given.seed} {target} {code}")
        spliced = [spliced_with(luck.choice(bases), sentence, luck) for sentence in sentences[code]]
        facts = facts_of([text for text, _, _ in spliced], target)
        found, named = 0, 0
        for (text, start, end), fact in zip(spliced, facts, strict=True):
            hits = [
                one for one in fact["foreign_spans"]
                if one["offset"] < end and start < one["offset"] + one["length"]
            ]  # fmt: skip
            found += bool(hits)
            named += any(code_of(one["language"]) in kin(code) for one in hits)
            if given.list and not hits:
                print("    missed", code, repr(text[start:end]))
        n = len(spliced)
        print(f"  {code} in {target}: {found} of {n} found ({found / n:.1%}), {named} by name")


def spliced_with(trace: str, sentence: str, luck: random.Random) -> tuple[str, int, int]:
    """A trace with a sentence in it, and where the sentence stands."""
    ends = [match.end() for match in SENTENCE_END.finditer(trace)] or [len(trace)]
    at = luck.choice(ends)
    return f"{trace[:at]} {sentence} {trace[at:].lstrip(' ')}", at + 1, at + 1 + len(sentence)


def false_alarms(given: argparse.Namespace) -> None:
    """texts in their language alone, in which a span was found"""
    alarms("real English traces", real(given), "en", given.list)
    rows = read(given.data, "lang_mix_*")
    if not rows.is_empty():
        plain = rows.filter(pl.col("mixed_lang").is_null())["text"].to_list()
        alarms("unspliced rows of lang_mix", plain, "en", given.list)
    for pattern, column, target in (
        ("math_MATH500*", "solution", "en"),
        ("math_aime24*", "solution", "en"),
        ("math_zh_*", "question", "zh"),
        ("traces_star1_*", "response", "en"),
        ("reasoninggym_*", "response", "en"),
    ):
        rows = read(given.data, pattern)
        if not rows.is_empty():
            rows = rows.filter(pl.col(column).is_not_null())
            alarms(f"{pattern} {column}", rows[column].to_list(), target, given.list)
    for pattern, column in (("math_olymmath_*", "problem"), ("mgsm_*", "question")):
        rows = read(given.data, pattern)
        for code in sorted(rows["lang"].unique()) if not rows.is_empty() else ():
            part = rows.filter(lang=code)[column].to_list()
            alarms(f"{pattern} {code}", part, code.partition("-")[0].lower(), given.list)


def characters(given: argparse.Namespace) -> None:
    """real traces with Han letters: each located to the character"""
    rows = read(given.data, "traces_misguided_*")
    if rows.is_empty():
        return
    text = pl.concat_str(pl.col("thinking").fill_null(""), pl.col("output").fill_null(""), separator="\n")
    rows = rows.filter(pl.col("n_cjk") > 0).with_columns(text=text)
    for row, fact in zip(rows.iter_rows(named=True), facts_of(rows["text"], "en"), strict=True):
        spans = [(one["offset"], one["text"]) for one in fact["foreign_spans"]]
        print(f"  {row['model']}: {row['n_cjk']} Han letters, {fact['n_foreign_chars']} found: {spans}")


def languages(given: argparse.Namespace) -> None:
    """every language as target: its own sentences that pass, and sentences of others that are foreign"""
    rows = read(given.data, "lang_sentences_*")
    if rows.is_empty():
        return
    luck = random.Random(given.seed)
    own = {code: part["text"].to_list() for (code,), part in rows.group_by("lang", maintain_order=True)}
    few = {code: luck.sample(texts, 12) for code, texts in sorted(own.items())}
    print(f"  without scripts: {sorted(set(own) - set(SCRIPTS_OF)) or 'none'}")
    table = []
    for target in sorted(own):
        passed = sum(not mixture(text, target).spans for text in own[target]) / len(own[target])
        shared: dict[bool, list[float]] = defaultdict(list)
        missed: Counter[str] = Counter()
        for code in own:
            if code_of(code) in kin(target):
                continue
            found = [bool(mixture(text, target).spans) for text in few[code]]
            same = not set(SCRIPTS_OF[code]).isdisjoint(SCRIPTS_OF[target])
            shared[same] += found
            missed[code] += found.count(False) if same else 0
        share = {same: f"{sum(found) / len(found):.1%}" for same, found in shared.items()}
        worst = ", ".join(code for code, n in missed.most_common(5) if n > 4)
        print(
            f"  {target}: own {passed:.1%}, others of its scripts {share.get(True, '-')}, of other scripts "
            f"{share.get(False, '-')}{f'; hardly told: {worst}' if worst else ''}"
        )
        table.append(passed)
    print(f"  mean of own: {sum(table) / len(table):.2%}")


def speed(given: argparse.Namespace) -> None:
    """MB per CPU-second on one thread's work, in turns: the gate, the pass, and identification alone"""
    texts = real(given)
    if not texts:
        return
    traces = {"English": traces_of(texts, "en")}
    rows = read(given.data, "lang_mix_*").filter(pl.col("mixed_lang").is_not_null())
    if not rows.is_empty():
        traces["spliced"] = traces_of(rows["text"], "en")
    for pattern, target in (("math_MATH500*", "en"), ("mgsm_*", "es"), ("mgsm_*", "zh")):
        rows = read(given.data, pattern)
        if not rows.is_empty():
            rows = rows.filter(lang=target)["question"] if "lang" in rows.columns else rows["solution"]
            traces[f"{pattern} {target}"] = traces_of(rows, target)
    for name, frame in traces.items():
        size = frame["text"].str.len_bytes().sum() / 1e6
        frame = pl.concat([frame] * max(1, round(4 / size)))
        size = frame["text"].str.len_bytes().sum() / 1e6
        told: dict[str, list[float]] = defaultdict(list)
        for _ in range(given.rounds):
            for tool, run in TOOLS.items():
                began = time.process_time()
                run(frame)
                told[tool].append(size / (time.process_time() - began))
        print(f"  {name} ({size:.1f} MB): " + "; ".join(f"{tool} {spread(v, 1)}" for tool, v in told.items()))


TOOLS: dict[str, Callable[[pl.DataFrame], object]] = {
    "gate": lambda frame: frame.select(gate(frame["target"][0])),
    "pass": lambda frame: language_mix(frame.lazy()).collect(),
    "whole-text identification": lambda frame: [likeliest(text) for text in frame["text"]],
    "identification of every sentence": lambda frame: [
        likeliest(part) for text in frame["text"] for part in SENTENCE_END.split(text) if part.strip()
    ],
}
MEASURES: dict[str, Callable[[argparse.Namespace], None]] = {
    "known_splices": known_splices,
    "splices": splices,
    "false_alarms": false_alarms,
    "characters": characters,
    "languages": languages,
    "speed": speed,
}

if __name__ == "__main__":
    main()
