"""The receipt desk: a team that reads receipts, settles what they say, and posts them."""
