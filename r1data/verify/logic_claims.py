"""Reads who is called a knight and who a knave, clause by clause, in time linear in the text."""

import re
from functools import cached_property

CLAUSE_END = re.compile(
    r"[\n;!?。；！？]|\.(?!\d)|\b(?:so|therefore|thus|hence|while|whereas|but)\b|因此|所以",
    re.IGNORECASE,
)
SUPPOSED = re.compile(
    r"\b(?:if|suppos\w*|assum\w*|would|could|might|may|whether|because|since|say|says|said|saying|claim\w*|stat(?:es?|ed|ing|ements?)"
    r"|assert\w*|told|tell(?:s|ing)?(?!\s+the\s+truth)|mention\w*|remark\w*|comment\w*|declar\w*|express\w*|contradict\w*|imply|impl\w*|means?)\b"
    r"|如果|假设|若|说|声称",
    re.IGNORECASE,
)
"""From here on a clause says what is supposed or what somebody claims, or gives reasons."""
TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed|quad|,|;|!)\s*\{?|\\\\|\\n|[*_`$~\"“”{}]")
KNIGHT = ("knights?", "truth[- ]?tellers?", r"tell(?:s|ing)?\s+the\s+truth", "truthful", "骑士")
KNAVE = ("knaves?", "liars?", "lies?", "lying", "无赖", "骗子")
WORDS = {
    "not": r"\b(?:not|isn[’']?t|aren[’']?t|cannot|can[’']?t|neither|nor|none)\b|不是|并非",
    "rest": r"\b(?:others?|rest|remaining|everyone else|everybody else)\b|其他|其余",
    "all": r"\b(?:all|both|everyone|everybody|each|they)\b|都是|全是",
    "link": r"\b(?:is|are)\b|[:=：→⇒]|\s[–—-]+>?\s|是",
    "bool": r"\b(?:true|false)\b",
}


class Puzzle:
    """People, what they are, and the two words for it."""

    def __init__(self, solution: dict[str, bool], roles: tuple[str, ...]) -> None:
        """`solution` is true for those who tell the truth; `roles` is the word for them, then the other."""
        self.solution = solution
        self.roles = roles
        self._name = {self._folded(name): name for name in solution}

    def sentence(self, said: dict[str, bool]) -> str:
        """What was said, as a sentence in the order of the people."""
        words = [f"{name} is a {self.roles[not said[name]]}" for name in self.solution if name in said]
        return ", ".join(words) + "." if words else ""

    def read(self, text: str) -> tuple[dict[str, bool], bool]:
        """Who is called what, the last mention of each, and whether nobody is called both."""
        said: dict[str, bool] = {}
        is_consistent, heading, columns = True, None, list[str]()
        for clause in CLAUSE_END.split(TEX.sub(" ", text)):
            stop = SUPPOSED.search(clause)
            claims, heading = self._claims(clause[: stop.start()] if stop else clause, heading, said)
            if "|" in clause:
                claims, columns = self._row(clause, columns) or (claims, columns)
            for name, is_knight in claims:
                is_consistent = is_consistent and said.get(name, is_knight) == is_knight
                said[name] = is_knight
        return said, is_consistent

    def _claims(
        self, clause: str, heading: bool | None, said: dict[str, bool]
    ) -> tuple[list[tuple[str, bool]], bool | None]:
        """What a clause claims, and the role under which names on the next lines stand.

        A role belongs to the names before it ("Zoey and Riley are knights"), or, when none is before it, to
        those that follow ("Knights: Zoey, Riley"). Names alone belong to the heading above them.
        """
        tokens = [(match.lastgroup, match[0]) for match in self._tokens.finditer(clause)]
        kinds = {kind for kind, _ in tokens}
        if "knight" not in kinds and "knave" not in kinds and "bool" not in kinds:
            names = [self._name[self._folded(word)] for kind, word in tokens if kind == "name"]
            if heading is None or not names:
                return [], heading if not clause.strip() or heading is None or "name" in kinds else None
            return [(name, heading) for name in names], heading
        claims: list[tuple[str, bool]] = []
        waiting, everybody, negated, under, linked = list[str](), False, False, None, False
        last: bool | None = None
        for kind, word in tokens:
            if kind == "name":
                name = self._name[self._folded(word)]
                if under is not None and linked:
                    claims.append((name, under))
                else:
                    waiting.append(name)
            elif kind == "not":
                negated = True
            elif kind == "link":
                linked = True
            elif kind == "all":
                everybody = True  # of the names around it, or of all when there are none
            elif kind == "rest":
                taken = {*said, *(name for name, _ in claims)}
                waiting = [name for name in self.solution if name not in taken]
            else:
                waiting = waiting or (list(self.solution) if everybody else [])
                last = (kind == "knight" or word.lower() == "true") != negated
                if kind == "bool" and not (waiting and linked):
                    continue
                claims += [(name, last) for name in waiting]
                under = None if waiting else last
                waiting, everybody, negated, linked = [], False, False, False
        if waiting and last is not None and negated:  # "Zoey is a knight, Riley is not"
            claims += [(name, not last) for name in waiting]
        return claims, under if linked and not claims else None

    def _row(self, clause: str, columns: list[str]) -> tuple[list[tuple[str, bool]], list[str]] | None:
        """The names at the head of a table, or what stands below them; None for any other row."""
        found = [(match.lastgroup, match[0]) for match in self._tokens.finditer(clause)]
        kinds = [kind for kind, _ in found if kind in ("name", "knight", "knave")]
        if kinds and set(kinds) == {"name"}:
            return [], [self._name[self._folded(word)] for kind, word in found if kind == "name"]
        if "name" in kinds or not kinds or len(kinds) != len(columns):
            return None
        return [(name, kind == "knight") for name, kind in zip(columns, kinds, strict=True)], columns

    @cached_property
    def _tokens(self) -> re.Pattern[str]:
        names = "|".join(re.escape(name) for name in sorted(self.solution, key=len, reverse=True))
        is_usual = self.roles == ("knight", "knave")
        knight = "|".join(KNIGHT) if is_usual else re.escape(self.roles[0]) + "s?"
        knave = "|".join(KNAVE) if is_usual else re.escape(self.roles[1]) + "s?"
        one_letter = all(len(name) == 1 for name in self.solution)
        kinds = {
            "name": rf"(?<![A-Za-z0-9])(?{'-i' if one_letter else ''}:{names})(?![A-Za-z0-9])",
            "knight": rf"(?<![A-Za-z])(?:{knight})(?![A-Za-z])",
            "knave": rf"(?<![A-Za-z])(?:{knave})(?![A-Za-z])",
            **WORDS,
        }
        return re.compile("|".join(f"(?P<{kind}>{one})" for kind, one in kinds.items()), re.IGNORECASE)

    def _folded(self, name: str) -> str:
        return name.casefold()
