"""Policy file: YAML to plain data, with every key once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .errors import PolicyError

__all__ = ["read_policy_file"]


def read_policy_file(path: str | Path) -> Any:
    """The plain data in a YAML file.

    Raises:
        PolicyError: The file cannot be read, is no YAML, or has a key twice; the message names the file.
    """
    import yaml

    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise PolicyError(
            str(path),
            got=str(error),
            expected="a readable YAML file in UTF-8",
            fix="check the path and its permissions, or save it as UTF-8",
        ) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _check_keys(root, str(path), set())
        return None if root is None else yaml.SafeLoader("").construct_document(root)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: the 32nd of a month
        raise PolicyError(
            str(path), got=" ".join(str(error).split())[:500], expected="valid YAML", fix="correct it"
        ) from error


def _check_keys(node: Any, where: str, seen: set[int]) -> None:
    """Of a key that stands twice YAML keeps the last, and a threshold would be gone without a word.

    A key is text, also where YAML 1.1 reads it as true or false, as it does with the `on` of a guardrail.
    """
    import yaml

    if node is None or isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, where, seen)
        return
    keys: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in keys:
                raise PolicyError(
                    f"{where}: line {key.start_mark.line + 1}",
                    got=f"the key {key.value!r} again",
                    expected="each key once",
                    fix="merge the two",
                )
            keys.add(key.value)
            if key.tag == "tag:yaml.org,2002:bool":
                key.tag = "tag:yaml.org,2002:str"
        _check_keys(value, where, seen)
