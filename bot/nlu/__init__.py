"""What runs inside Rasa's own interpreter (Python 3.10): it imports Rasa and numpy, and nothing else of `bot`."""
