"""The ways in: each knows its wire format and nothing of dialogue."""
