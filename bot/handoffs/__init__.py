"""Bringing a person in: consent, the queue, office hours, callbacks, alarms, and the figures about all that."""
