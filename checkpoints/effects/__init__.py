"""Effects: the ledger, and the tables that effects write."""
