"""Split what a model writes into thought and answer while it comes, whatever tokens its tags are made of.

vLLM's own parser `deepseek_r1` needs both tags as tokens, and calls an answer without a thought a thought.
"""

from r1data.text import CLOSE, OPEN


class Splitter:
    """The state of one text; blanks around the thought are dropped, as `r1data.text.split` drops them."""

    def __init__(self, *, opened: bool) -> None:
        """Begin.

        Args:
            opened: whether the prompt ends with an opened thought, which the model then does not write.
        """
        self.in_thought = opened
        self.closed = False
        """Whether a thought was closed; what follows is answer, tags and all."""
        self.reasoning: list[str] = []
        """Pieces of the thought."""
        self._began = False
        self._reopened = False
        self._held = ""

    def feed(self, text: str) -> tuple[str, str]:
        """`(reasoning, content)` that a further piece adds; what may be part of a tag is held back."""
        pieces = ["", ""]
        self._held += text
        while self._step(pieces):
            pass
        if pieces[0]:
            self.reasoning.append(pieces[0])
        return pieces[0], pieces[1]

    def finish(self) -> tuple[str, str]:
        """What was held back, once nothing follows."""
        rest, self._held = self._held, ""
        if not self.in_thought:
            return "", self._begun(rest)
        rest = self._begun(rest).rstrip()
        self.reasoning.append(rest)
        return rest, ""

    def _step(self, pieces: list[str]) -> bool:
        """Move text out of what is held; whether a tag was passed, so that more may follow."""
        if self.closed:
            pieces[1] += self._begun(self._held)
            self._held = ""
            return False
        if self.in_thought and not self._began:
            self._held = self._held.lstrip()
            if not self._reopened and OPEN.startswith(self._held) and self._held != OPEN:
                return False
            if not self._reopened and self._held.startswith(OPEN):  # a model may open it once more
                self._reopened, self._held = True, self._held.removeprefix(OPEN).lstrip()
        before, found, after = self._held.partition(CLOSE if self.in_thought else OPEN)
        if found and self.in_thought:
            pieces[0] += before.rstrip()
            self.closed = True
        elif self.in_thought:
            before, after = _cut(before, CLOSE, blanks=True)
            pieces[0] += self._begun(before)
        else:
            if not found:
                before, after = _cut(before, OPEN, blanks=False)
            pieces[1] += self._begun(before)
        self._held = after
        if found:
            self.in_thought, self._began = not self.in_thought, False
        return bool(found)

    def _begun(self, text: str) -> str:
        """The text without the blanks that a part begins with."""
        if not self._began:
            text = text.lstrip()
            self._began = bool(text)
        return text


def split(text: str, *, opened: bool) -> tuple[str | None, str | None]:
    """`(reasoning, content)` of a whole text; None where there is none.

    A closing tag before any opening one shows that the prompt opened the thought, also if nobody knew.
    """
    end = text.find(CLOSE)
    splitter = Splitter(opened=opened or (end >= 0 and OPEN not in text[:end]))
    pieces = [splitter.feed(text), splitter.finish()]
    reasoning, content = ("".join(parts) for parts in zip(*pieces, strict=True))
    return reasoning or None, content or None


def _cut(text: str, tag: str, *, blanks: bool) -> tuple[str, str]:
    """The text, and of its end what may begin the tag, with the blanks before it if they are not wanted."""
    end = len(text)
    for length in range(min(len(tag) - 1, len(text)), 0, -1):
        if text.endswith(tag[:length]):
            end -= length
            break
    if blanks:
        end = len(text[:end].rstrip())
    return text[:end], text[end:]
