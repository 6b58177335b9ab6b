"""The console, where liaisons pick conversations up."""
