"""Injection: text that speaks to the model instead of to the reader.

A heuristic over the words that published attacks use. It misses whatever is said in other words or another language,
and fires on texts about such attacks. What protects is that agents only claim: see docs/guardrails.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .folding import folded
from .hit import Hit

__all__ = ["injections"]

_OLD = r"(?:previous|prior|above|earlier|preceding|former|your|system|the)"
_ORDERS = r"(?:instructions?|prompts?|rules|guidelines|directions|messages?|commands?|context)"
_PATTERNS = {
    "override": r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+)?(?:of\s+)?(?:any\s+)?"
    rf"(?:{_OLD}\s+){{0,3}}{_ORDERS}\b",
    "new_role": r"\b(?:you\s+are\s+now|from\s+now\s+on\s+you|act\s+as\s+(?:if\s+you|an?\s+(?:unrestricted|unfiltered))|"
    r"pretend\s+(?:to\s+be|you\s+are)|(?:developer|dan|jailbreak)\s+mode)\b",
    "leak": r"\b(?:reveal|print|repeat|show|output|tell\s+me)\s+(?:me\s+)?(?:all\s+)?(?:of\s+)?your\s+"
    r"(?:system\s+|hidden\s+|initial\s+|original\s+)?(?:instructions?|prompts?|rules)\b",
    "secrecy": r"\b(?:do\s+not|don't|never)\s+(?:tell|inform|mention|reveal)\s+(?:this\s+|it\s+)?(?:to\s+)?"
    r"the\s+(?:user|human|reviewer)\b",
    "markup": r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>|\[/?INST\]|<</?SYS>>|"
    r"</?(?:system|assistant)(?:_prompt)?>|(?:^|\n)\s{0,9}#{2,4}\s{0,9}(?:system|instructions?)\s{0,9}:",
    "orders": r"(?:^|\n)\s{0,9}(?:new|updated|important|real|actual)\s+(?:system\s+)?instructions?\s{0,9}:",
}
_COMPILED = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _PATTERNS.items()}
_HIDDEN = re.compile("[\U000e0001-\U000e007f]+|[\u200b\u2060\u2062-\u2064]{4,}|[\u202a-\u202e\u2066-\u2069]")
"""Characters that nobody sees: tags, runs without width, and changes of direction."""


def injections(text: str) -> Iterator[Hit]:
    """What in the text looks like orders to a model, also where accents or unseen characters hide it."""
    hidden = _HIDDEN.search(text)
    if hidden is not None:
        yield Hit("hidden", hidden[0], f"{len(hidden[0])} characters that nobody sees")
    plain = folded(text)
    for kind, pattern in _COMPILED.items():
        for match in pattern.finditer(plain):
            found = " ".join(match[0].split())
            yield Hit(kind, found, repr(found[:80]))
