"""Accounts: what tenants have spent, as databases keep it."""
