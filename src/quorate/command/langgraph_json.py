"""langgraph.json: the file in which a project names its graphs, with what they need."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..contracts import InputError

__all__ = ["NAME", "LanggraphJson"]

NAME = "langgraph.json"


@dataclass(frozen=True)
class LanggraphJson:
    """A project's `langgraph.json`. Of its keys, `graphs`, `dependencies` and `env` are read."""

    path: Path
    """The file."""
    data: Mapping[str, Any]
    """Its content."""

    @classmethod
    def find(cls, start: Path) -> LanggraphJson | None:
        """The nearest file, in `start` or a folder above it.

        Raises:
            InputError: It cannot be read, or is not such a file.
        """
        for folder in (start, *start.parents):
            path = folder / NAME
            if path.is_file():
                return cls(path, _read(path))
        return None

    @cached_property
    def graphs(self) -> Mapping[str, str]:
        """Where each graph is, as `./file.py:attribute` or `module:attribute`, by name."""
        graphs = self._mapping("graphs")
        return {name: str(each.get("path") if isinstance(each, dict) else each) for name, each in graphs.items()}

    def enter(self) -> None:
        """Make the project importable, and set those of its environment variables that are not set."""
        folders = [self.path.parent]
        for each in self._dependencies:
            local = self.path.parent / str(each)
            if str(each).startswith(".") and local.is_dir():
                folders.append(local.resolve())
        for folder in reversed(folders):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of `env`: a mapping, or the name of a file of `NAME=value` lines.

        Raises:
            InputError: The file cannot be read.
        """
        env = self.data.get("env") or {}
        if isinstance(env, str):
            return _read_env(self.path.parent / env)
        return {name: str(value) for name, value in self._mapping("env").items()}

    @property
    def _dependencies(self) -> list[Any]:
        value = self.data.get("dependencies") or []
        if not isinstance(value, list):
            raise InputError(
                f"{self.path}: dependencies", got=type(value).__name__, expected="a list", fix='write ["."], say'
            )
        return value

    def _mapping(self, key: str) -> Mapping[str, Any]:
        value = self.data.get(key) or {}
        if not isinstance(value, dict):
            raise InputError(
                f"{self.path}: {key}", got=type(value).__name__, expected="an object", fix="write it as an object"
            )
        return value


def _read(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), got=str(error), expected="a readable UTF-8 file", fix="correct it") from error
    except ValueError as error:
        raise InputError(str(path), got=str(error), expected="valid JSON", fix="correct it") from error
    if not isinstance(data, dict):
        raise InputError(
            str(path),
            got=type(data).__name__,
            expected="an object",
            fix='write {"graphs": {"name": "./file.py:graph"}}',
        )
    return data


def _read_env(path: Path) -> Mapping[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}",
            got=str(error),
            expected=f"the file that `env` in {NAME} names",
            fix="make it, or take `env` away",
        ) from error
    found: dict[str, str] = {}
    for line in lines:
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and not name.startswith("#"):
            found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()
