from __future__ import annotations

import traceback


def words(error: BaseException) -> str:
    """All that a person or a log may see of an error, and of those behind it."""
    shown = "".join(traceback.format_exception(error))
    behind = error.__cause__ or error.__context__
    return shown + (words(behind) if behind else "")
