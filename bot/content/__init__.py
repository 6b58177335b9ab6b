"""The published texts, the curated answers that stand on them, and their checks."""
