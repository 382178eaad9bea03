r"""What of a text is no language: LaTeX, code, addresses, file names and thought tags are blanked.

    >>> blanked("So $x$ is `每`.")
    'So     is    .'

One pass, linear in the text whatever it holds: an opening sign whose closing sign is once not found is not
sought again, and environments are matched by one stack. Blanking keeps every offset. What a sentence may
continue after (`$x$`, `\alpha`, an address) becomes blanks, what it may not (fenced code, a display, an
environment) becomes line ends.
"""

import re

_TOKEN = re.compile(
    r"```|~~~|`|\$\$|\$|\\[()\[\]]|\\begin\{[^{}\n]{1,40}\}|\\[A-Za-z]+\*?|\\.|</?think>|\[asy\]", re.DOTALL
)
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([^{}\n]{1,40})\}")
_DOLLARS = re.compile(r"\$[^\s$](?:[^$\n]*[^\s$\\])?\$(?!\d)")  # "$5 or $6" and "$5-$6" are money
_CODE = re.compile(r"`[^`\n]+`")
_CLOSING = {"$$": "$$", r"\(": r"\)", r"\[": r"\]", "[asy]": "[/asy]"}
_FENCES = ("```", "~~~")
_ADDRESS = re.compile(r"(?:://|\bwww\.|@)[^\s<>\"'`，。；：、（）()「」《》【】]+")
_FILE = re.compile(
    r"\.(?:c|cc|cpp|cs|css|csv|docx?|gif|go|h|html?|ini|java|jpe?g|js|jsonl?|log|md|mp[34]|parquet|pdf|php"
    r"|png|pptx?|py|rb|rs|sh|sql|tar|tex|toml|ts|tsv|txt|xlsx?|xml|ya?ml|zip)\b"
)
_BEFORE = re.compile(r"[\w./\\+~-]*$")
_MAX_BEFORE = 100
"""Characters before the `://`, the `@` or the ending that may belong to an address or the name of a file."""


def blanked(text: str) -> str:
    """A text of the same length, in which all that is no language is blanks or line ends."""
    parts, at = [], 0
    for start, end, filler in _neutral(text):
        parts += (text[at:start], filler * (end - start))
        at = end
    return "".join((*parts, text[at:])) if parts else text


def _neutral(text: str) -> list[tuple[int, int, str]]:
    """Start, end and filler of every part that is no language, in order, without overlaps."""
    places = _marked(text) if any(sign in text for sign in ("`", "$", "\\", "~~~", "think>", "[asy]")) else []
    places += [(*place, " ") for place in _addresses(text)]
    disjoint: list[tuple[int, int, str]] = []
    for start, end, filler in sorted(places):
        if not disjoint or start >= disjoint[-1][1]:
            disjoint.append((start, end, filler))
    return disjoint


def _marked(text: str) -> list[tuple[int, int, str]]:
    """Parts between signs: code and LaTeX; commands that stand alone; tags."""
    ends = _environment_ends(text)
    hopeless: set[str] = set()  # signs that nothing closes from here on
    places, at = [], 0
    while token := _TOKEN.search(text, at):
        sign, start, at = token[0], token.start(), token.end()
        filler = " "
        if sign in _FENCES:
            closing = text.find(sign, at)
            at, filler = (closing + len(sign) if closing >= 0 else len(text)), "\n"
        elif sign in _CLOSING and sign not in hopeless:
            closing = text.find(_CLOSING[sign], at)
            if closing < 0:
                hopeless.add(sign)
            else:
                at = closing + len(_CLOSING[sign])
                filler = " " if sign == r"\(" else "\n"
        elif start in ends:
            at, filler = ends[start], "\n"
        elif sign in ("`", "$") and (pair := (_CODE if sign == "`" else _DOLLARS).match(text, start)):
            at = pair.end()
        elif sign in _CLOSING:
            continue
        places.append((start, at, filler))
    return places


def _environment_ends(text: str) -> dict[int, int]:
    r"""Where the environment ends that begins at an offset; a `\begin` without its `\end` has none."""
    if "\\begin{" not in text or "\\end{" not in text:
        return {}
    ends: dict[int, int] = {}
    opened: list[tuple[str, int]] = []
    n_open: dict[str, int] = {}
    for match in _ENVIRONMENT.finditer(text):
        kind, name = match.groups()
        if kind == "begin":
            opened.append((name, match.start()))
            n_open[name] = n_open.get(name, 0) + 1
        elif n_open.get(name):
            while True:
                last, start = opened.pop()
                n_open[last] -= 1
                if last == name:
                    ends[start] = match.end()
                    break
    return ends


def _addresses(text: str) -> list[tuple[int, int]]:
    """Web and e-mail addresses and names of files."""
    places = []
    if "://" in text or "www." in text or "@" in text:
        places += [(_begin(text, match.start()), match.end()) for match in _ADDRESS.finditer(text)]
    places += [(_begin(text, match.start()), match.end()) for match in _FILE.finditer(text)]
    return places


def _begin(text: str, at: int) -> int:
    match = _BEFORE.search(text[max(0, at - _MAX_BEFORE) : at])
    return at - len(match[0]) if match else at
