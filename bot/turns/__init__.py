"""A turn: what is said to a message, in order, stored before it is told."""
