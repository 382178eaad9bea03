"""What a chat template puts around messages, found by asking it, and the same in Ollama's template language.

    turns_of("{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}…", {})
    .go()   # {{ range $i, $m := .Messages }}{{ if eq .Role "system" }}<s>system: {{ .Content }}</s>…

Jinja is a language of its own, so it is not translated: the template renders messages, what stands around
their contents is taken down, and the result must render every conversation of `CONVERSATIONS` as the
template does. What this does not cover: tools, images, and a system message that does not come first.
Ollama puts consecutive messages of one role into one, so those cannot differ.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from r1data.errors import ConfigError, first_line

Message = Mapping[str, str]
_S, _U, _A, _V, _T = "\ue010s\ue010", "\ue011u\ue011", "\ue012a\ue012", "\ue013v\ue013", "\ue014t\ue014"
"""Contents that no template has: of a system message, of users, of an assistant, of a thought."""
THOUGHT = ("<think>\n", "</think>\n\n")
"""Around a thought, which ends in a line feed: Ollama hands it back as the model wrote it up to `</think>`,
less white space in front, and the answer less white space in front.
"""


def _said(*contents: str, system: str | None = None) -> list[dict[str, str]]:
    roles = ("user", "assistant") * len(contents)
    first = [{"role": "system", "content": system}] if system is not None else []
    return first + [{"role": role, "content": text} for role, text in zip(roles, contents, strict=False)]


CONVERSATIONS = (
    _said("What is 2 + 3?"),
    _said(" two\n\nparagraphs, <b>marks</b> & “quotes” \n"),
    _said("What is 2 + 3?", system="Answer in one word."),
    _said("Hi", "Hello.", "What is 2 + 3?"),
    _said("Hi", "Hello.", "And?", " Well \n", "Bye", system="\n Be kind. "),
    _said("Hi", "<think>\n1 + 1 is 2.\n</think>\n\nIt is 2.", "And 2 + 2?"),
    _said("a", "<think>\nb\n</think>\n\nc", "d", "<think>\ne\n\nf\n</think>\n\ng", "h", system="i"),
)
"""What Ollama's template must render as the model's own does."""


@dataclass(frozen=True)
class Turns:
    """The texts around the contents of messages."""

    default: str
    """In front of all, where no system message comes first."""
    system: tuple[str, str]
    """Before and after a system message's content; what stands in front of all, too."""
    user: tuple[str, str]
    assistant: tuple[str, str]
    thought: tuple[str, str] | str
    """Before and after an earlier turn's thought; one text where the template leaves thoughts out."""
    opening: str
    """At the end, for the model to go on."""

    def render(self, messages: Sequence[Message]) -> str:
        """What `go` makes of messages, the last of which is a user's."""
        told = "" if messages[0]["role"] == "system" else self.default
        for message in messages:
            before, after = getattr(self, message["role"])
            told += before + self._content(message) + after
        return told + self.opening

    def _content(self, message: Message) -> str:
        found = re.match(r"<think>\n(.*?)</think>\n\n", message["content"], re.DOTALL)
        if message["role"] != "assistant" or not found:
            return message["content"]
        shown = self.thought
        thought = shown if isinstance(shown, str) else shown[0] + found[1] + shown[1]
        return thought + message["content"][found.end() :]

    @cached_property
    def _thought(self) -> str:
        if isinstance(self.thought, str):
            left_out = f"{{{{ if .Thinking }}}}{_text(self.thought)}{{{{ end }}}}" if self.thought else ""
            # Ollama looks for the marks of a thought around .Thinking, whether it is ever shown or not.
            return f"{left_out}{{{{ if false }}}}<think>{{{{ .Thinking }}}}</think>{{{{ end }}}}"
        before, after = self.thought
        return f"{{{{ if .Thinking }}}}{before}{{{{ .Thinking }}}}{after}{{{{ end }}}}"

    def go(self) -> str:
        """The template, in the language of Go (https://pkg.go.dev/text/template) as Ollama fills it."""
        start = f'{{{{ if and (eq $i 0) (ne .Role "system") }}}}{_text(self.default)}{{{{ end }}}}'
        shown = [
            f'if eq .Role "{role}" }}}}{_text(before)}{thought}{{{{ .Content }}}}{_text(after)}'
            for role, thought, (before, after) in (
                ("system", "", self.system),
                ("user", "", self.user),
                ("assistant", self._thought, self.assistant),
            )
        ]
        turns = "{{ " + "{{ else ".join(shown) + "{{ end }}"
        first = start if self.default else ""
        return "{{ range $i, $_ := .Messages }}" + first + turns + "{{ end }}" + _text(self.opening)


def turns_of(template: str, tokens: Mapping[str, str]) -> Turns:
    """Find what a chat template puts around messages.

    Args:
        template: Jinja, as transformers renders it.
        tokens: `bos_token` and such, as tokenizer_config.json names them.

    Raises:
        ConfigError: it cannot be said in Ollama's language; names the conversation that differs.
    """
    found = _asked(template, tokens)
    for messages in CONVERSATIONS:
        wanted, made = _render(template, tokens, messages), found.render(messages)
        if wanted != made:
            raise _untranslatable(f"of {json.dumps(messages, ensure_ascii=False)} it makes {wanted!r}")
    return found


def _asked(template: str, tokens: Mapping[str, str]) -> Turns:
    def told(messages: Sequence[Message], *, opened: bool = True) -> str:
        return _render(template, tokens, messages, opened=opened)

    one = told(_said(_U))
    start, _, end = one.partition(_U)
    after_user = _after(told(_said(_U), opened=False), _U)
    opening = end.removeprefix(after_user)
    talk = told(_said(_U, _A, _V))
    before_assistant = _between(talk, _U, _A).removeprefix(after_user)
    after_assistant = _after(told(_said(_U, _A), opened=False), _A)
    before_user = _between(talk, _A, _V).removeprefix(after_assistant)
    ruled = told(_said(_U, system=_S))
    after_system = _between(ruled, _S, _U)
    if not start.endswith(before_user) or not after_system.endswith(before_user):
        raise _untranslatable(f"a user's message begins with {start!r} first and {before_user!r} later")
    thought = _between(told(_said(_U, f"<think>\n{_T}\n</think>\n\n{_A}", _V)), _U, _A)
    thought = thought.removeprefix(after_user).removeprefix(before_assistant)
    return Turns(
        default=start.removesuffix(before_user),
        system=(ruled.partition(_S)[0], after_system.removesuffix(before_user)),
        user=(before_user, after_user),
        assistant=(before_assistant, after_assistant),
        thought=THOUGHT if _T in thought else thought,
        opening=opening,
    )


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2]


def _between(text: str, one: str, other: str) -> str:
    return _after(text, one).partition(other)[0]


def _render(
    template: str, tokens: Mapping[str, str], messages: Sequence[Message], *, opened: bool = True
) -> str:
    """What transformers renders."""
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = lambda value, **_: json.dumps(value, ensure_ascii=False)
    env.globals["raise_exception"] = refuse
    given: dict[str, Any] = {"messages": list(messages), "add_generation_prompt": opened, **tokens}
    try:
        return env.from_string(template).render(given)
    except (TemplateError, TypeError) as error:
        raise _untranslatable(f"it refuses a plain conversation ({first_line(error)})") from error


def _untranslatable(why: str) -> ConfigError:
    return ConfigError(
        f"The model's chat template cannot be said in Ollama's language: {why}. Take a model whose template "
        "only puts texts around messages."
    )


def _text(text: str) -> str:
    """A text as a part of a Go template in a Modelfile; what could be read as its syntax is quoted."""
    quoted = "{{" in text or '"' in text or text.endswith("{")
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if quoted else text
