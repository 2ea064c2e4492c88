"""quorate: multi-agent coordination on LangGraph."""
