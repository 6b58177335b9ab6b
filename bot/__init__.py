"""Enlace: a bilingual public-information assistant for police departments.

Kept empty on purpose: `bot.nlu` is imported inside Rasa's interpreter, where nothing else of this package may load.
"""
