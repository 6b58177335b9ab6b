"""How good the answers are, on questions that nothing was written from."""
