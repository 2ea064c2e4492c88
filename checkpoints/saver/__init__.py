"""The saver: LangGraph's face over the log."""
