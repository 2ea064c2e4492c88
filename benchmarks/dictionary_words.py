"""Dictionary words: names, texts and values of random letters, so that nothing of them can be learned."""

from __future__ import annotations

import datetime
import random
import string
import uuid
import zlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

__all__ = ["Words"]

T = TypeVar("T")

_LETTERS = string.ascii_lowercase
_SMALL = 0.15
"""How often a text has a letter that is not ASCII."""


class Words:
    """Makes names, texts and values. All letters are equally likely, so that no fragment is common.

    Args:
        seed: The same seed makes the same.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.random = random.Random(seed)

    def child(self) -> Words:
        """Another source, for something that may draw at any time."""
        return Words(self.random.getrandbits(64))

    def about(self, key: object) -> Words:
        """Another source, which draws the same for a key whatever was drawn before; for what runs side by side."""
        return Words(zlib.crc32(f"{self._seed} {key}".encode()))

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random.random() < share

    def one(self, of: Sequence[T]) -> T:
        """One of these."""
        return self.random.choice(of)

    def some(self, of: Sequence[T], least: int = 0) -> list[T]:
        """Some of these, in random order."""
        return self.random.sample(of, self.random.randint(min(least, len(of)), len(of)))

    def count(self, least: int, most: int) -> int:
        """A number; small ones are more likely."""
        return min(self.random.randint(least, most), self.random.randint(least, most))

    def word(self, least: int = 2, most: int = 10) -> str:
        """Random letters."""
        return "".join(self.random.choices(_LETTERS, k=self.random.randint(least, most)))

    def name(self) -> str:
        """A name as programs have them: of a field, an agent, a node."""
        parts = [self.word(2, 8) for _ in range(self.count(1, 3))]
        joint = self.one(("_", "_", "_", "-"))
        return joint.join(parts) + (str(self.random.randint(1, 99)) if self.chance(0.1) else "")

    def identifier(self) -> str:
        """A name that Python takes."""
        return self.name().replace("-", "_")

    def identifiers(self, count: int) -> list[str]:
        """As many different ones."""
        found: dict[str, None] = {}
        while len(found) < count:
            found[self.identifier()] = None
        return list(found)

    def person(self) -> str:
        """Who reviews: a name, or an address."""
        name = self.word(3, 8)
        return f"{name}@{self.word(4, 9)}.{self.word(2, 3)}" if self.chance(0.3) else name

    def text(self, least: int = 1, most: int = 30) -> str:
        """So many words with some punctuation."""
        words = [self.word(1, 10) for _ in range(self.count(least, most))]
        if self.chance(_SMALL):
            words.append(chr(self.random.randint(0xC0, 0x24F)) + self.word())
        text = "".join(word + self.one((" ", " ", " ", " ", ", ", ". ", "\n")) for word in words)
        return text.strip().capitalize()

    def digits(self, count: int) -> str:
        """Random digits."""
        return "".join(self.random.choices(string.digits, k=count))

    def token(self, count: int) -> str:
        """Random letters and digits, as services name things."""
        return "".join(self.random.choices(string.ascii_letters + string.digits, k=count))

    def uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def confidence(self) -> float:
        """A number in [0, 1], mostly of two digits."""
        return round(self.random.uniform(0.2, 0.99), self.one((1, 2, 2, 3, 16)))

    def day(self) -> datetime.date:
        """Any day of a century."""
        return datetime.date(1970, 1, 1) + datetime.timedelta(days=self.random.randrange(36_500))

    def value(self, kind: Any) -> Any:
        """A value of a type: text, numbers, a day, or a list or dict of such."""
        makers: dict[Any, Any] = {
            str: lambda: self.text(1, 4),
            int: lambda: self.random.randint(0, 10 ** self.random.randint(1, 6)),
            float: lambda: round(self.random.uniform(0, 1000), self.one((1, 2, 16))),
            bool: lambda: self.chance(0.5),
            Decimal: lambda: Decimal(self.random.randint(1, 10 ** self.random.randint(2, 7))) / 100,
            datetime.date: self.day,
            list[str]: lambda: [self.text(1, 3) for _ in range(self.count(1, 5))],
            dict[str, Any]: lambda: {self.name(): self.value(self.one((str, int, float, bool))) for _ in range(3)},
        }
        return makers[kind]()
