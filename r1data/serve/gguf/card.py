"""README of an export for Ollama."""

from collections.abc import Mapping
from typing import Any


def readme(card: Mapping[str, Any]) -> str:
    """Markdown: what the files are, how Ollama takes them, and what was measured of each."""
    first = next(iter(card["files"]))
    lines = [
        f"# {card['name']} for Ollama",
        "",
        f"Weights of revision `{card['revision']}`, context {card['context_tokens']:,} tokens. Each file",
        "holds the same model; the smaller, the coarser its weights.",
        "",
        f"    ollama create {card['name']}:{first} -f Modelfile-{first}",
        f"    ollama run {card['name']}:{first}",
        "",
        *_table(card),
        "",
        "The template is the model's own, in Ollama's language, and renders a set of conversations as it",
        "does; it knows no tools. Sampling is temperature 0.6 and top-p 0.95, and nothing else. Thoughts",
        "stand between `<think>` and `</think>`; Ollama shows them apart, as `thinking`.",
    ]
    if card.get("measured"):
        asked = card["asked"]
        lines += [
            "",
            f"Accuracy is pass@1 at benchmark {asked['benchmark']} ({asked['n_items']} items, "
            f"{asked['k']} attempts each, temperature {asked['temperature']:g}, top-p {asked['top_p']:g}), "
            "with 95 % intervals; the difference is against the same student in its own precision, paired "
            f"by item. Speed is that of one client on {asked['cores']} cores while it writes; memory is the "
            "most that the server held.",
        ]
    return "\n".join(lines) + "\n"


def _table(card: Mapping[str, Any]) -> list[str]:
    rows = ["| file | MB | accuracy | difference | tokens/s | memory, MB |", "|---|---|---|---|---|---|"]
    for kind, file in card["files"].items():
        told = card.get("measured", {}).get(kind, {})
        speed, memory = told.get("tokens_per_s"), told.get("memory_bytes")
        cells = [
            f"`{file['file']}`",
            f"{file['bytes'] / 1e6:.1f}",
            told.get("accuracy") or "not measured",
            told.get("difference") or "",
            f"{speed:.1f}" if speed else "",
            f"{memory / 1e6:.0f}" if memory else "",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows
