"""DataSerializer: the checkpoint serializer that gives back data only, whatever a row names."""

from __future__ import annotations

from typing import Any

import ormsgpack
from langgraph.checkpoint.serde.jsonplus import EXT_DELTA_SNAPSHOT, EXT_PYDANTIC_V2, JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from ...contracts import DatabaseError
from .message import message_of

__all__ = ["DataSerializer"]


class DataSerializer(JsonPlusSerializer):
    """LangGraph's msgpack, of which a row can make plain data and the known values alone.

    Known are numbers, dates, paths, LangChain's messages and LangGraph's own records. Of any other class the
    row gives its plain content, and nothing is imported or called. `saver.with_allowlist({(module, name)})`
    adds the classes of your own graph's state.

    LangGraph does the same where `LANGGRAPH_STRICT_MSGPACK` is set before it is imported; here it does not
    depend on the environment. Rows of the older `json` and `pickle` forms, which name constructors too, are refused.
    """

    def __init__(self) -> None:
        super().__init__(pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=None)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value of a row.

        Raises:
            DatabaseError: The row is of a form that quorate does not write.
        """
        form = data[0]
        if form not in ("null", "bytes", "bytearray", "msgpack"):
            raise DatabaseError(
                "checkpoint",
                got=f"a value of the form {form!r}",
                expected="msgpack, which is all that quorate writes",
                fix="find out who wrote to this database, and go on from a backup",
            )
        if form == "msgpack":
            return ormsgpack.unpackb(data[1], ext_hook=self._object, option=ormsgpack.OPT_NON_STR_KEYS)
        return super().loads_typed(data)

    def _object(self, code: int, content: bytes) -> Any:
        """An object that a row names: a message at once, any other as LangGraph's serializer allows it."""
        if code == EXT_PYDANTIC_V2:
            message = message_of(content)
            if message is not None:
                return message
        elif code == EXT_DELTA_SNAPSHOT:
            return _DeltaSnapshot(ormsgpack.unpackb(content, ext_hook=self._object, option=ormsgpack.OPT_NON_STR_KEYS))
        return self._unpack_ext_hook(code, content)
