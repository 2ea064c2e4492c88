"""StockJson: the objects in JSON rows, which savers before msgpack wrote, in the form of today's rows."""

from __future__ import annotations

from typing import Any

import ormsgpack
from langchain_core.load.mapping import SERIALIZABLE_MAPPING
from langgraph.checkpoint.serde.jsonplus import (
    EXT_CONSTRUCTOR_KW_ARGS,
    EXT_CONSTRUCTOR_POS_ARGS,
    EXT_CONSTRUCTOR_SINGLE_ARG,
    EXT_METHOD_SINGLE_ARG,
    EXT_PYDANTIC_V2,
)

__all__ = ["PACKING", "json_value"]

PACKING = ormsgpack.OPT_NON_STR_KEYS | ormsgpack.OPT_REPLACE_SURROGATES
"""How LangGraph's serializer packs plain data."""

_LANGCHAIN = ("langchain", "langchain_core")
_MODULES = {
    target[-1]: ".".join(target[:-1])
    for name, target in SERIALIZABLE_MAPPING.items()
    if name[:2] == ("langchain", "schema")
}
"""Where LangChain's messages and documents are, whichever older name of theirs a row has."""
_MOVED = {("langgraph.constants", "Send"): ("langgraph.types", "Send")}


def json_value(found: dict[str, Any]) -> Any:
    """A JSON object as it is, or where it names a class and its arguments: the same as a msgpack extension.

    Nothing is imported or called: of an extension the reader makes an object only if it knows the class, and gives
    the plain arguments otherwise, just as of one that is found in a row of today.
    """
    if found.get("type") != "constructor" or found.get("lc") not in (1, 2):
        return found
    name = found.get("id")
    if not isinstance(name, list) or len(name) < 2 or not all(isinstance(part, str) for part in name):
        return found
    module, cls = ".".join(name[:-1]), name[-1]
    if found["lc"] == 1:
        if name[0] in _LANGCHAIN:
            module = _MODULES.get(cls, module)
        return _extension(EXT_PYDANTIC_V2, module, cls, found.get("kwargs") or {}, "model_validate_json")
    return _constructed(*_MOVED.get((module, cls), (module, cls)), found)


def _constructed(module: str, cls: str, found: dict[str, Any]) -> Any:
    """An object of LangGraph's own older form."""
    args, kwargs, method = found.get("args"), found.get("kwargs"), found.get("method")
    if method == "fromhex" and module == "builtins" and isinstance(args, list) and len(args) == 1:
        return bytes.fromhex(args[0])
    if method == "fromisoformat" and isinstance(args, list) and len(args) == 1:
        return _extension(EXT_METHOD_SINGLE_ARG, module, cls, args[0], method)
    if isinstance(method, list):  # a pydantic model: how to make it, and how where it does not validate
        return _extension(EXT_PYDANTIC_V2, module, cls, kwargs or {}, "model_validate_json")
    if args and kwargs:
        return found
    if kwargs:
        return _extension(EXT_CONSTRUCTOR_KW_ARGS, module, cls, kwargs)
    if isinstance(args, list) and len(args) == 1:
        return _extension(EXT_CONSTRUCTOR_SINGLE_ARG, module, cls, args[0])
    return _extension(EXT_CONSTRUCTOR_POS_ARGS, module, cls, args or [])


def _extension(code: int, *parts: Any) -> ormsgpack.Ext:
    return ormsgpack.Ext(code, ormsgpack.packb(parts, option=PACKING))
