"""The card of an export: `card.json` for programs, `README.md` for people and for the Hugging Face hub."""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import yaml

from r1data.train.exports.policy import NOT_STATED

HUB_LICENCES = {
    "0bsd": "0bsd",
    "odc-by-1.0": "odc-by",
    "odbl-1.0": "odbl",
    "pddl-1.0": "pddl",
    "bsl-1.0": "bsl-1.0",
    **{
        name: name
        for name in (
            *("apache-2.0", "mit", "unlicense", "isc", "zlib", "wtfpl", "cc0-1.0", "bsd-2-clause"),
            *("bsd-3-clause", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0"),
            *("cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-sa-4.0", "cdla-permissive-1.0"),
            *("cdla-permissive-2.0", "cdla-sharing-1.0"),
        )
    },
}
"""How the hub calls SPDX licences, by lower-case id; what is not here is `other`."""
_SIZES = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
]
_COUNTED = {
    "domains": "Domains",
    "sources": "Sources of the prompts",
    "languages": "Languages",
    "licences": "Licences of the prompts",
    "terms": "Terms of use of the teachers' completions",
    "dropped": "Rows left out, by reason",
}


def readme(card: Mapping[str, Any], columns: pa.Schema) -> str:
    """The card in Markdown, with the front matter by which `datasets.load_dataset` reads the folder.

    Args:
        card: what `card.json` holds.
        columns: the schema of the rows.
    """
    front = yaml.safe_dump(_front(card, columns), sort_keys=False, allow_unicode=True)
    sections = [
        f"---\n{front}---",
        f"# {text(card['mix']['name'])}, form {card['form']}",
        f"{card['n_rows']:,} rows of {card['n_prompts']:,} prompts that mix {text(card['mix']['name'])} "
        f"chose from all nights of recipe {text(card['recipe'])}; {_tokens(card)}. Rows digest "
        f"`{card['rows_digest']}`.",
        "Prompts come from the sources below, each under its own licence; completions are machine-made, by "
        "teacher models under the terms below. Verifiers and filters made the choice, so errors remain.",
        *(table(title, card[name]) for name, title in _COUNTED.items() if card[name]),
        "## What was left out\n\n" + _policy(card),
        "## Mix\n\n" + fenced(card["mix"]["sql"], "sql"),
        table("Parameters of the mix", card["mix"]["parameters"], "value"),
        table("Thresholds of the recipe", flat(card["filters"]), "value"),
        table("Versions of the tables read", card["inputs"], "version"),
        table("Packages", card["packages"], "version"),
        table("Files", {file["name"]: f"{file['bytes']:,}" for file in card["files"]}, "bytes"),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def text(given: object) -> str:
    """A value as Markdown and HTML show it to the letter, on one line.

    >>> text("<b>*a*|b")
    '&lt;b&gt;\\\\*a\\\\*\\\\|b'
    """
    line = " ".join(str(given).split())
    return re.sub(r"([\\`*_\[\]|~#!])", r"\\\1", html.escape(line, quote=False))


def _front(card: Mapping[str, Any], columns: pa.Schema) -> dict[str, Any]:
    licences = sorted({hub_licence(name) for name in card["licences"]})
    languages = sorted(name for name in card["languages"] if re.fullmatch(r"[a-z]{2,3}", name))
    paths = [file["name"] for file in card["files"] if file["name"].startswith("train")]
    path = paths[0] if len(paths) == 1 else paths
    return {
        "pretty_name": f"{card['mix']['name']} ({card['form']})",
        "license": licences[0] if len(licences) == 1 else licences,
        **({"language": languages} if languages else {}),
        "size_categories": [_size(card["n_rows"])],
        "task_categories": ["text-generation"],
        "tags": ["reasoning", "r1data", card["form"]],
        # Named columns, so that one which is null at the start is still read as what it is.
        "dataset_info": {"features": [_feature(field.name, field.type) for field in columns]},
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": path}]}],
    }


def hub_licence(name: str) -> str:
    """How the hub calls a licence: `other` where it has no name for it, `unknown` where none is stated."""
    return "unknown" if name == NOT_STATED else HUB_LICENCES.get(name.lower(), "other")


def _size(n_rows: int) -> str:
    return next((name for limit, name in _SIZES if n_rows < limit), "n>10M")


def _feature(name: str, dtype: pa.DataType) -> dict[str, Any]:
    """A column as the front matter of a data set names it."""
    if pa.types.is_list(dtype):
        inner = dtype.value_type
        if pa.types.is_struct(inner):
            return {"name": name, "list": [_feature(field.name, field.type) for field in inner]}
        return {"name": name, "list": _dtype(inner)}
    if pa.types.is_struct(dtype):
        return {"name": name, "struct": [_feature(field.name, field.type) for field in dtype]}
    return {"name": name, "dtype": _dtype(dtype)}


def _dtype(dtype: pa.DataType) -> str:
    return {"double": "float64", "float": "float32", "bool": "bool"}.get(str(dtype), str(dtype))


def _tokens(card: Mapping[str, Any]) -> str:
    if card["completion_tokens"] is None:
        return "not counted for rows of this form"
    told = [f"{card['completion_tokens']:,} completion tokens as the teachers count"]
    if card["student_tokens"] is not None:
        told.append(f"{card['student_tokens']:,} as the recipe's student does")
    return ", ".join(told)


def _policy(card: Mapping[str, Any]) -> str:
    policy = card["policy"]
    personal = (
        "may be in it: nothing was left out on their account"
        if policy["keep_pii"]
        else "that a search found were left out, and so was what had not been searched"
    )
    lines = [
        f"- Licences allowed: {_list(policy['licences'])}",
        f"- Terms allowed: {_list(policy['terms'])}",
        f"- Personal data and secrets {personal}.",
    ]
    if card["student"]:
        student = card["student"]
        lines.append(
            f"- Rows of more than {student['max_tokens']:,} tokens of student {text(student['name'])}."
        )
    return "\n".join([*lines, f"- {card['n_dropped']:,} rows in all; `dropped.jsonl` names each."])


def _list(patterns: list[str]) -> str:
    return ", ".join(text(pattern) for pattern in patterns) or "none"


def table(title: str, rows: Mapping[str, Any], head: str = "rows") -> str:
    """A heading and a table of names and values; nothing without rows."""
    if not rows:
        return ""
    lines = [f"| {text(name)} | {_cell(value)} |" for name, value in rows.items()]
    return "\n".join([f"## {title}", "", f"|  | {head} |", "|---|---|", *lines])


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def flat(sections: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted name, such as `select.keep_per_prompt`."""
    found: dict[str, Any] = {}
    for name, value in sections.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def fenced(content: str, language: str) -> str:
    """A block of code whose fence is longer than any in it."""
    ticks = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{language}\n{content.strip()}\n{fence}"
