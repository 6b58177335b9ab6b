"""Search in one department's texts, and the decision whether what it found is an answer."""
