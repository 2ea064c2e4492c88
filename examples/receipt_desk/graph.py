"""The desk's graph over `$QUORATE_DB`, for `langgraph.json` and the command.

A model reader joins the panel where `OPENAI_API_KEY` or `OPENAI_BASE_URL` is set.
"""

from __future__ import annotations

import os

from quorate.agents import openai_chat
from quorate.checkpoints import open_database

from .desk import receipt_desk

__all__ = ["graph"]

_has_model = os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")

graph = receipt_desk(open_database(), model=openai_chat() if _has_model else None).builder
