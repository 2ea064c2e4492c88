"""Parser: the text of a condition to its tree, by precedence climbing."""

from __future__ import annotations

from .token import CelSyntaxError, Token, tokens
from .tree import Call, Constant, Entries, Has, Index, Items, Loop, Name, Node, Select, children

__all__ = ["MOST_LEVELS", "CelSyntaxError", "parse"]

MOST_LEVELS = 32
"""The most levels of brackets, signs and ternaries within each other."""

_LOOPS = frozenset({"all", "exists", "exists_one", "existsOne", "map", "filter"})
_MOST_DEPTH = 64
_BINARY = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}


def parse(source: str) -> Node:
    """The tree of a condition.

    Raises:
        CelSyntaxError: It is none that can be read, is nested deeper than 32 levels, or has a chain of more than
            64 sums or selections; the message says where. Chains of `&&` and `||` may be as long as one likes.
    """
    tree = _Parser(source).whole()
    layer: tuple[Node, ...] = (tree,)
    for _ in range(_MOST_DEPTH):
        layer = tuple(part for node in layer for part in children(node))
        if not layer:
            return tree
    raise CelSyntaxError(f"parts within parts, or after each other, more than {_MOST_DEPTH} times")


class _Parser:
    def __init__(self, source: str) -> None:
        self._tokens = list(tokens(source))
        self._at = 0
        self._level = 0

    def whole(self) -> Node:
        node = self._ternary()
        if self._now.kind != "end":
            raise self._unexpected("an operator or the end")
        return node

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._now
        self._at += 1
        return token

    def _is(self, text: str) -> bool:
        return self._now.kind == "sign" and self._now.text == text

    def _take(self, text: str) -> bool:
        if self._is(text):
            self._at += 1
            return True
        return False

    def _want(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(repr(text))

    def _name(self) -> str:
        if self._now.kind != "name":
            raise self._unexpected("a name")
        return self._next().text

    def _unexpected(self, wanted: str) -> CelSyntaxError:
        token = self._now
        what = "the end" if token.kind == "end" else repr(token.text[:40])
        return CelSyntaxError(f"{what} at character {token.place + 1} where {wanted} was expected")

    def _ternary(self) -> Node:
        self._level += 1
        if self._level > MOST_LEVELS:
            raise CelSyntaxError(f"more than {MOST_LEVELS} levels at character {self._now.place + 1}")
        node = self._binary(1)
        if self._take("?"):
            yes = self._ternary()
            self._want(":")
            node = Call("?", (node, yes, self._ternary()))
        self._level -= 1
        return node

    def _binary(self, least: int) -> Node:
        if least <= 2:
            return self._chain("||" if least == 1 else "&&", least)
        left = self._unary()
        while self._now.kind == "sign" and _BINARY.get(self._now.text, 0) >= least:
            sign = self._next().text
            left = Call(sign, (left, self._binary(_BINARY[sign] + 1)))
        return left

    def _chain(self, sign: str, least: int) -> Node:
        """The parts between signs that may be grouped at will, so grouped that the tree is flat."""
        parts = [self._binary(least + 1)]
        while self._take(sign):
            parts.append(self._binary(least + 1))
        while len(parts) > 1:
            pairs = [parts[at : at + 2] for at in range(0, len(parts), 2)]
            parts = [Call(sign, (pair[0], pair[1])) if len(pair) == 2 else pair[0] for pair in pairs]
        return parts[0]

    def _unary(self) -> Node:
        signs: list[str] = []
        while self._is("!") or self._is("-"):
            signs.append(self._next().text)
        if self._level + len(signs) > MOST_LEVELS:
            raise CelSyntaxError(f"more than {MOST_LEVELS} levels at character {self._now.place + 1}")
        node = self._member()
        for sign in reversed(signs):
            number = isinstance(node, Constant) and isinstance(node.value, int | float)
            if sign == "-" and number and not isinstance(node.value, bool):  # type: ignore[union-attr]
                node = Constant(-node.value)  # type: ignore[union-attr, operator]
            else:
                node = Call(sign, (node,))
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._take("."):
                name = self._name()
                node = self._method(node, name) if self._take("(") else Select(node, name)
            elif self._take("["):
                node = Index(node, self._ternary())
                self._want("]")
            else:
                return node

    def _method(self, target: Node, name: str) -> Node:
        args = self._until(")")
        if name in _LOOPS and len(args) in (2, 3) and isinstance(args[0], Name):
            return Loop(name, target, args[0].name, args[1:])
        return Call(name, (target, *args))

    def _primary(self) -> Node:
        token = self._next()
        if token.kind == "constant":
            return Constant(token.value)
        if token.kind == "name":
            return self._function(token.text) if self._take("(") else Name(token.text)
        match token.text if token.kind == "sign" else "":
            case "(":
                node = self._ternary()
                self._want(")")
                return node
            case "[":
                return Items(self._until("]"))
            case "{":
                return Entries(self._entries())
        self._at -= 1
        raise self._unexpected("a value")

    def _function(self, name: str) -> Node:
        args = self._until(")")
        if name == "has" and len(args) == 1 and isinstance(args[0], Select):
            return Has(args[0].operand, args[0].field)
        return Call(name, args)

    def _until(self, close: str) -> tuple[Node, ...]:
        parts: list[Node] = []
        while not self._take(close):
            parts.append(self._ternary())
            if not self._take(","):
                self._want(close)
                break
        return tuple(parts)

    def _entries(self) -> tuple[tuple[Node, Node], ...]:
        entries: list[tuple[Node, Node]] = []
        while not self._take("}"):
            key = self._ternary()
            self._want(":")
            entries.append((key, self._ternary()))
            if not self._take(","):
                self._want("}")
                break
        return tuple(entries)
