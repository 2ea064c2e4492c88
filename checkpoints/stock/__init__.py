"""Stock: the tables of LangGraph's own savers, taken over."""
