"""The engine, the tables' common base, and what keeps one server and one writer at a time."""
