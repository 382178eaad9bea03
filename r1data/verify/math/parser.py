r"""Our own parser of mathematical expressions: tidy LaTeX or plain text into a tree of tuples.

    >>> parse(r"2\sqrt{3}").tree
    ('*', ('n', Fraction(2, 1)), ('sqrt', ('n', Fraction(3, 1))))

It evaluates nothing. Nodes are `(n, Fraction)`, `(v, name)`, `(c, constant)` or an operator or function with
its arguments. What it does not know (sums, integrals, primes, indices that are no name) raises `Unread`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Tree = tuple[Any, ...]

MAX_CHARS = 1_000
MAX_DEPTH = 40
GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|theta|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|ell"
)
TRIGONOMETRIC = ("sin", "cos", "tan", "cot", "sec", "csc")
INVERSE = ("arcsin", "arccos", "arctan")
SHORT_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
FUNCTIONS = (*TRIGONOMETRIC, *INVERSE, "sinh", "cosh", "tanh", "ln", "log", "lg", "exp")
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+\.?\d*(?:[eE][+-]?\d{1,3}(?![\d.]))?|\.\d+)"
    r"|\\(?P<command>[a-zA-Z]+)|(?P<brace>\\[{}|])"
    r"|(?P<word>a(?:rc)?(?:sin|cos|tan)|sqrt|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|log|exp|ln|lg|pi)(?![a-zA-Z])"
    r"|(?P<letter>[a-zA-Z])|(?P<mark>.))"
)


class Unread(Exception):
    """The text is no expression that this parser knows."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression."""

    tree: Tree
    names: frozenset[str]
    """Its variables."""
    doubtful: bool
    """Whether it could be read otherwise, as `1/2x` and `log x` can: then a difference proves nothing."""
    decimal: bool
    """Whether a decimal, which may be rounded, stands in it."""
    degrees: bool
    """Whether a degree sign stands outside of trigonometric functions, where it counts as one."""


def parse(text: str) -> Expression:
    """Parse tidy text.

    Raises:
        Unread: it is no expression, or too long or too deep.
    """
    if len(text) > MAX_CHARS:
        raise Unread
    parser = _Parser(text)
    tree = parser.sum(0)
    if parser.kind:
        raise Unread
    return Expression(tree, frozenset(parser.names), parser.doubtful, parser.decimal, parser.degrees)


class _Parser:
    """Recursive descent over tokens that are made as they are asked for: `\\frac12` splits a number."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth, self.angles = text, 0, 0, 0
        self.names: set[str] = set()
        self.doubtful = self.decimal = self.degrees = False
        self.advance()

    def advance(self) -> str:
        """Read the next token; returns the one before it."""
        before = getattr(self, "token", "")
        match = TOKEN.match(self.text, self.at)
        if match is None or not match.lastgroup:
            self.kind, self.token, self.start = "", "", len(self.text)
            return before
        self.kind, self.token = match.lastgroup, match[match.lastgroup]
        self.start, self.at = match.start(match.lastgroup), match.end()
        if self.kind == "word":
            self.kind, self.token = "command", SHORT_NAMES.get(self.token, self.token)
        return before

    def take(self, token: str) -> bool:
        found = bool(self.kind) and self.token == token
        if found:
            self.advance()
        return found

    def need(self, token: str) -> None:
        if not self.take(token):
            raise Unread

    def sum(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise Unread
        tree = self.product(depth)
        while self.kind == "mark" and self.token in "+-":
            tree = (self.advance(), tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Tree:
        tree, divided = self.signed(depth), False
        while True:
            if self.kind == "mark" and self.token in "*/":
                divided |= self.token == "/"
                tree = (self.advance(), tree, self.signed(depth))
            elif self.kind and (self.kind != "mark" or self.token in "({[") and not self.ends():
                if self.kind == "number":
                    raise Unread
                self.doubtful |= divided
                tree = ("*", tree, self.power(depth))
            else:
                return tree

    def ends(self) -> bool:
        """Whether a command closes what is open, or relates."""
        return self.kind == "command" and self.token in ("rfloor", "rceil", "pm", "mp")

    def signed(self, depth: int) -> Tree:
        negative = False
        while self.kind == "mark" and self.token in "+-":
            negative ^= self.advance() == "-"
        tree = self.power(depth)
        return ("neg", tree) if negative else tree

    def power(self, depth: int) -> Tree:
        tree = self.postfix(depth)
        if self.take("^"):
            tree = ("^", tree, self.argument(depth, digits=True))
            if self.kind == "mark" and self.token in "^!'":
                raise Unread
        return tree

    def postfix(self, depth: int) -> Tree:
        tree = self.atom(depth + 1)
        while self.kind == "mark" and self.token in "!°%'_":
            mark = self.advance()
            if mark in "'_":
                raise Unread
            if mark == "!":
                tree = ("!!" if self.take("!") else "!", tree)
            elif mark == "%":
                tree = ("/", tree, ("n", Fraction(100)))
            elif self.angles:
                tree = ("/", ("*", tree, ("c", "pi")), ("n", Fraction(180)))
            else:
                self.degrees = True
        return tree

    def atom(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise Unread
        if self.kind == "number":
            return self.number(depth)
        if self.kind == "letter":
            return self.letter(depth)
        if self.kind == "command":
            return self.command(self.advance(), depth)
        if self.kind == "mark" and self.token in "({[":
            close = {"(": ")", "{": "}", "[": "]"}[self.advance()]
            tree = self.sum(depth + 1)
            self.need(close)
            return tree
        if self.take("|"):
            return self.enclosed("abs", "|", depth)
        raise Unread

    def number(self, depth: int) -> Tree:
        text = self.advance().replace(",", "")
        self.decimal |= "." in text or "e" in text.lower()
        tree = ("n", Fraction(text))
        if self.kind == "command" and self.token == "frac" and text.isdigit():
            return self.mixed(tree, depth)
        if self.kind == "number" and text.isdigit() and self.text[self.start - 1].isspace():
            top = self.advance()  # 2 1/3
            if top.isdigit() and self.take("/") and self.kind == "number" and self.token.isdigit():
                return ("+", tree, ("/", ("n", Fraction(top)), ("n", Fraction(self.advance()))))
            raise Unread
        return tree

    def mixed(self, whole: Tree, depth: int) -> Tree:
        self.advance()
        top, bottom = self.argument(depth), self.argument(depth)
        together = top[0] == bottom[0] == "n"
        return ("+" if together else "*", whole, ("/", top, bottom))

    def letter(self, depth: int) -> Tree:
        name = self.advance()
        if name in "ei" and self.token != "_":
            return ("c", name)
        if self.take("_"):
            name += "_" + self.index()
        elif self.token == "(" and name in "fgh":
            raise Unread  # a function, not a product
        self.names.add(name)
        return ("v", name)

    def index(self) -> str:
        if self.take("{"):
            name = ""
            while self.kind in ("letter", "number"):
                name += self.advance()
            self.need("}")
            return name
        if self.kind in ("letter", "number"):
            name = self.token[0]
            self.at = self.start + 1
            self.advance()
            return name
        raise Unread

    def argument(self, depth: int, digits: bool = False) -> Tree:
        """What follows `\\frac`, `\\sqrt` or `^`: a group, a name, or a digit (`digits`: a number)."""
        if self.take("{"):
            tree = self.sum(depth + 1)
            self.need("}")
            return tree
        if self.kind == "number":
            if digits:
                self.doubtful |= len(self.token) > 1 and r"\sqrt" in self.text
                return ("n", Fraction(self.advance().replace(",", "")))
            digit = self.token[0]
            self.at = self.start + 1
            self.advance()
            if digit == ".":
                raise Unread
            return ("n", Fraction(digit))
        if digits and self.kind == "mark" and self.token in "+-":
            return ("neg" if self.advance() == "-" else "+0", self.argument(depth, digits=True))
        return self.atom(depth + 1)

    def command(self, name: str, depth: int) -> Tree:
        if name in ("frac", "sqrt"):
            return self.root(depth) if name == "sqrt" else ("/", self.argument(depth), self.argument(depth))
        if name in ("pi", "infty"):
            return ("c", name)
        if name == "binom":
            return (name, self.argument(depth), self.argument(depth))
        if name in ("lfloor", "lceil"):
            return self.enclosed(name[1:], "r" + name[1:], depth)
        if GREEK.fullmatch(name):
            full = name
            if self.take("_"):
                full += "_" + self.index()
            self.names.add(full)
            return ("v", full)
        if name in FUNCTIONS:
            return self.function(name, depth)
        raise Unread

    def enclosed(self, node: str, close: str, depth: int) -> Tree:
        tree = self.sum(depth + 1)
        self.need(close)
        return (node, tree)

    def root(self, depth: int) -> Tree:
        if self.take("["):
            degree = self.sum(depth + 1)
            self.need("]")
            return ("root", self.argument(depth, digits=True), degree)
        return ("sqrt", self.argument(depth, digits=True))

    def function(self, name: str, depth: int) -> Tree:
        base: Tree | None = None
        exponent: Tree | None = None
        if name == "log" and self.take("_"):
            base = self.argument(depth, digits=True)
        self.doubtful |= name == "log" and base is None
        if self.take("^"):
            exponent = self.argument(depth, digits=True)
            if exponent == ("neg", ("n", Fraction(1))):
                if name not in ("sin", "cos", "tan"):
                    raise Unread
                name, exponent = "arc" + name, None
        self.angles += name in TRIGONOMETRIC
        inner = self.operand(depth)
        self.angles -= name in TRIGONOMETRIC
        tree = ("log", inner, base) if base else ("ln" if name == "log" else name, inner)
        return ("^", tree, exponent) if exponent else tree

    def operand(self, depth: int) -> Tree:
        """The argument of a function: what is in parentheses, else a product such as `2x`."""
        bracketed = self.kind == "mark" and self.token in "({["
        negative = self.take("-")
        tree, factors = self.power(depth), 1
        while not bracketed and (
            self.kind == "letter"
            or (self.kind == "command" and self.token not in FUNCTIONS and not self.ends())
        ):
            tree, factors = ("*", tree, self.power(depth)), factors + 1
        self.doubtful |= factors > 2
        return ("neg", tree) if negative else tree
