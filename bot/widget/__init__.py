"""The residents' page."""
