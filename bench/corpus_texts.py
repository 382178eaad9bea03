"""Texts that look like long thoughts, in English and in Chinese, without a line of real text.

Sentences are frames filled with words drawn by Zipf's law, and every sentence holds a number of its own, so
that none occurs often. They are made once; a text is many of them, joined.
"""

from collections.abc import Iterator

import numpy as np

CHARS_PER_TOKEN = {"en": 4.67, "zh": 1.56}
"""Both are 4.67 bytes a token, as 2 GB are for 80,000 traces of R1's mean length."""
_POOL = 30_000
_NOUNS = """value number sum answer case step line point angle term factor side root set pair result length
problem question condition equation function graph sequence remainder product digit triangle circle area
ratio bound limit error force mass charge signal table index list string loop key node edge path tree
letter word statement clue person day week house price train distance speed time rate mixture letter book
garden river window market village teacher student farmer ticket bottle basket machine engine bridge road
pattern example formula proof claim lemma rule definition variable constant matrix vector plane surface
volume height base corner cell grid row column board piece player turn move game prize chance event sample
order group class member element range domain image inverse power exponent fraction decimal percent
interest account profit cost budget item box shelf lamp clock minute hour month year season city country"""
_VERBS = """equals exceeds divides matches determines changes limits describes covers follows explains
replaces repeats contains crosses meets doubles halves reaches leaves joins keeps loses gives carries counts
supports splits touches bounds misses holds moves balances returns raises lowers starts"""
_ADJECTIVES = """first second last small large simple whole equal other given next previous missing correct
wrong possible total common positive negative even odd prime real single double final short long exact
remaining original different similar empty full upper lower inner outer constant linear known unknown"""
_FRAMES = """Let me check whether the {a} {n} really equals # before I use it.
Wait, the {n} cannot be #, because then the {a} {n} would be too large.
So the {a} {n} {v} the {n}, and that leaves # for the rest.
Hmm, maybe I should try # first and see what happens to the {n}.
If the {n} {v} the {a} {n}, then we get # as expected.
That means there are # ways to choose the {a} {n} from the {n}.
I will write the {n} as $x_{#} = 3k + 1$ and look at the {a} {n} again.
Since the {n} is {a}, the {n} must be at least # after the second step.
Now substitute # into the formula for the {a} {n} and simplify.
Okay, so far the {n} is {a} and the {n} is equal to #.
Alternatively, think of the {n} as a {a} {n} with # parts.
But the problem says that the {n} {v} the {n} only # times.
The {a} {n} here is tricky, so let me count it again: it is #.
Therefore the {n} of the {a} {n} should be #, if I made no mistake.
Let us suppose that the {a} {n} is # and look for a contradiction.
When the {n} {v} the {n}, we have to add # to both sides.
I remember that a {a} {n} with # members always has this property.
Let me verify this with a {a} {n}: starting from #, everything fits.
Going back to the {n}, the {a} one was # and it did not change.
In other words, the {n} {v} the {n} unless the {n} is smaller than #.
We know that \\( a^{#} + b \\) is the {n} that the {a} {n} {v}.
Each {n} takes # of them, which is what the {a} {n} asks for.
Another way to see this is to compare the {n} with # and with the {a} {n}.
The difference between the {a} {n} and the {n} is then exactly #.
Both of them are {a}, so their {n} is # in every case.
It seems that the {n} was counted twice, and so I subtract # from it.
Perhaps there is a {a} {n} that I have not considered, such as #.
Multiplying the {n} by # gives the {a} {n} that we were looking for.
This is the {a} {n} which {v} the {n} after # more steps.
Does the {n} hold for # as well, or only when the {n} is {a}?
The table shows the {n} in the {a} row, and next to it stands #.
As a check, the {n} of # and the {a} {n} agree with each other.
\\[ y = \\frac{#}{n + 2} \\] is what the {a} {n} gives for the {n}.
Actually, I think that the {n} was {a} all along, so # is right.
For the {a} {n} we need one more {n}, and that makes # in total.
What remains is to show that the {n} {v} the {a} {n} for all k up to #."""
_ZH_CHARS = "数值结果条件方程函图形列余乘积三角圆面例限误差步骤度长问题案变量常矩阵向体高格顺序集元素"
_ZH_ADJECTIVES = "第一个 最后 较小 较大 简单 完整 相等 其他 已知 未知 缺少 正确 可能 总体 共同 原来 不同 相似"
_ZH_FRAMES = """我先检查一下{a}的{n}是不是等于#，然后再继续。
等等，{n}不可能是#，因为那样{a}的{n}就太大了。
所以{a}的{n}和{n}之间还剩下#需要考虑。
如果{n}是{a}的，那么我们就会得到#。
也就是说，从{n}里选出{a}的{n}一共有#种方法。
现在把#代入{n}的公式，再化简{a}的{n}。
题目说{n}只出现了#次，所以要看{a}的{n}。
换一个思路，把{n}看成由#个部分组成的{a}{n}。
为了验证，从#开始再算一遍{n}，{a}的{n}也符合。
因此{a}的{n}应当是#，除非{n}算错了。
记 $x_{#} = 2k$ ，于是{n}就是{a}的{n}。
最后还要说明{n}对所有不超过#的情况都{a}。"""
_CODE = """def step_{0}(values, limit={0}):
    total = {1}
    for i, value in enumerate(values):
        if value > limit:
            total += value * i
    return total
"""
SPLICES = (
    "Entonces tenemos que volver a calcular el resultado porque no coincide con la condición del problema.",
    "Primero hay que comprobar si los dos lados de la ecuación tienen el mismo signo antes de seguir.",
    "Das bedeutet, dass wir die Anzahl der Möglichkeiten noch einmal von vorne zählen müssen.",
    "Il faut donc vérifier que cette valeur ne dépasse pas la limite donnée dans la question.",
)
"""Sentences in a language that the trace is not written in."""
HAN = "天地人大小多少上下左右前后因为所以结果时间问题方法"
CYRILLIC = "бгджзилпфцчшщыэюя"


class Texts:
    """Endless texts of one language, each of a length that is asked for."""

    def __init__(self, language: str, rng: np.random.Generator) -> None:
        """Make the sentences; `rng` also draws the texts."""
        self.language, self.rng = language, rng
        frames = (_FRAMES if language == "en" else _ZH_FRAMES).splitlines()
        if language == "en":
            words = {"{n}": _NOUNS.split(), "{v}": _VERBS.split(), "{a}": _ADJECTIVES.split()}
        else:  # of few words, too many runs of four characters would repeat
            pairs = [one + other for one in _ZH_CHARS for other in _ZH_CHARS]
            words = {"{n}": pairs, "{a}": _ZH_ADJECTIVES.split()}
        drawn = {slot: self._drawn(choices) for slot, choices in words.items()}
        made = [_filled(frames[i % len(frames)], drawn).split("#") for i in range(_POOL)]
        self._heads = np.array([head for head, _ in made], dtype=object)
        self._tails = np.array([tail for _, tail in made], dtype=object)
        self._numbers = np.array([str(n) for n in range(10_000)], dtype=object)
        blank = " " if language == "en" else ""
        self._breaks = np.array([blank, blank, "\n\n"], dtype=object)
        self._mean_chars = sum(len(head) + len(tail) for head, tail in made) / len(made) + 5

    def text(self, n_chars: int, *, unbroken: bool = False) -> str:
        """About so many characters, in paragraphs of three sentences or so; in one if `unbroken`."""
        n = max(1, round(n_chars / self._mean_chars))
        at = self.rng.integers(0, _POOL, n)
        parts = np.empty(4 * n, dtype=object)
        parts[0::4], parts[2::4] = self._heads[at], self._tails[at]
        parts[1::4] = self._numbers[self.rng.integers(0, 10_000, n)]
        parts[3::4] = self._breaks[self.rng.integers(0, 1 if unbroken else 3, n)]
        return "".join(parts).strip()

    def code(self) -> str:
        """A fenced block of code."""
        return "```python\n" + _CODE.format(*self.rng.integers(0, 10_000, 2)) + "```"

    def spliced(self, text: str, piece: str) -> str:
        """`text` with a piece more between two of its paragraphs."""
        place = text.find("\n\n", int(self.rng.integers(0, len(text))))
        return f"{text}\n\n{piece}" if place < 0 else f"{text[:place]}\n\n{piece}{text[place:]}"

    def foreign_word(self) -> str:
        """A sentence with one to three letters of another script in the middle of a word."""
        letters = HAN if self.language == "en" else CYRILLIC
        draw = self.rng.integers(0, len(letters) - 3)
        inside = letters[draw : draw + int(self.rng.integers(1, 4))]
        n = self.rng.integers(0, 1000)
        if self.language == "en":
            return f"So the numb{inside}er of cases is {n}, which is what we need."
        return f"所以这个结{inside}果等于{n}，正好符合要求。"

    def _drawn(self, choices: list[str]) -> Iterator[str]:
        """Words for the frames, the first ones more often than the others, where there are few."""
        n = len(choices)
        weights = 1 / (np.arange(n) % 200 + (3 if n < 200 else 200))
        return iter(self.rng.choice(choices, 3 * _POOL, p=weights / weights.sum()).tolist())


def _filled(frame: str, words: dict[str, Iterator[str]]) -> str:
    for slot, drawn in words.items():
        for _ in range(frame.count(slot)):
            frame = frame.replace(slot, next(drawn), 1)
    return frame
