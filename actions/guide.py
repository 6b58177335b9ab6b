"""What plain words say to the questions of the guide to reporting: yes or no, leave it, why it asks."""

from __future__ import annotations

import re

from bot.elsewhere import without_marks

_POLITE = (
    r"(?:(?:no|ok|okay|oh|please|actually|sorry|just|por favor|bueno|mejor|pues|perdon|disculpe|gracias|thanks) )*"
)
_LEAVES = re.compile(
    rf"{_POLITE}(?:never ?mind|nvm|(?:cancel|skip|stop|leave|forget)(?: (?:it|this|that|asking|about it))?|exit|quit"
    r"|end|go back|back|no more(?: questions)?|i dont want this(?: anymore)?"
    r"|i (?:dont want to|want to|wanna) (?:stop|leave|exit|quit|cancel|go on|continue)"
    r"|olvid[ea](?:se)?lo|dej[ea](?:lo)?(?: asi)?|cancel[ae](?:r|lo)?|salir|salirme|terminar|parar|pare(?:le)?|basta"
    r"|volver|regresar|atras|ya no quiero(?: seguir)?|no quiero (?:seguir|continuar|esto)"
    r"|quiero (?:salir|parar|cancelar|terminar))(?: (?:please|por favor|porfa|thanks|gracias|ya))?"
)
_NO_MORE = re.compile(r"ya no(?: gracias)?")
"""To "is it happening now?" that is a no."""
_WHY = re.compile(
    r"(?:(?:y|pero|and|but|ok|eso) )*(?:why|how come|what for|por ?que|(?:para|pa) que|xq|pq)"
    r"(?: (?:do|would|should|does|is|are|you|u|i|it|that|this|ask|asking|need|want|have|give|to|know|my|me|name|matter"
    r"|l[ao]|es[ao]|preguntan?|preguntas|quieren?|saber|importa|necesitan?|tengo|que|dar|mi|nombre|decir|hacen?|de))*"
    r"|what do you mean(?: by (?:that|this))?|what does (?:that|this) mean|what|huh|meaning"
    r"|i (?:dont|do not) (?:understand|get)(?: (?:it|that|the question))?|que (?:quiere decir|significa)(?: eso)?"
    r"|a que se refiere|no (?:le )?entiend[oi]?(?: la pregunta)?|no comprendo|como asi|como(?: que)?"
)
_YES = re.compile(r"(?:yes|yeah|yea|yep|yup|yess+|si+|sip|simon|claro(?: que si)?|por supuesto|of course)\b")
_NO = re.compile(r"(?:no|nope|nah|nop|nel|nadie|nobody|no one|noone|nothing|not|nada|para nada|tampoco|ya no)\b")
_IF = re.compile(r"si (?:no|la|el|alguien|me|le|les|digo)\b")
"""A Spanish "if", which without its accent's mark is a yes."""
_AT_ONCE = 6
"""Words of a message that begins with a yes or a no, and says little else."""
_NOW = re.compile(
    r"\b(?:(?:its|it is|is|still) happening|happening (?:right )?now|right now"
    r"|(?:he|she|they)(?: is|s| are|re)? (?:still |right )?(?:here|outside|inside)|i am in danger|im in danger"
    r"|(?:esta|sigue) (?:pasando|sucediendo|ocurriendo)|ahorita|ahora mismo|en este momento"
    r"|(?:esta|estan|sigue|siguen) (?:aqui|afuera|adentro)|estoy en peligro)\b"
)
_BEFORE = re.compile(
    r"\b(?:yesterday|last (?:night|week|month|year)|(?:day|week|month|year|hour)s? ago|already (?:over|happened)"
    r"|its over|ayer|antier|anteayer|anoche|(?:semana|mes|ano|noche) pasad[ao]|ya (?:paso|fue)"
    r"|hace (?:\w+ )?(?:rato|(?:dia|semana|ano|hora)s?|mes(?:es)?))\b"
)
_NO_NAME = re.compile(
    r"\b(?:(?:no|without)(?: (?:a|my|any|giving|give|my))* names?|anonym\w*|annonym\w*|anonim\w*"
    r"|sin(?: (?:dar|decir|mi|poner))* nombres?|no(?: (?:quiero|voy|a|doy|dar|decir|mi|el))* nombres?"
    r"|(?:dont|do not)(?: (?:want|to|give|my|say))* names?)\b"
)
_WITH_NAME = re.compile(r"\b(?:with(?: my)? name|con(?: mi)? nombre)\b")


def leaves(text: str, asked: str | None) -> bool:
    """Whether somebody wants no more of the guide; `asked`: the slot that it asks for."""
    words = without_marks(text)
    return bool(_LEAVES.fullmatch(words) or (asked != "report_happening_now" and _NO_MORE.fullmatch(words)))


def asks_why(text: str) -> bool:
    """Whether somebody asks no more than why the guide asks, or what it means."""
    return bool(_WHY.fullmatch(without_marks(text)))


def yes_or_no(text: str) -> bool | None:
    """What a message says that begins with a yes or a no, and says little else or asks nothing else; else None."""
    words = without_marks(text)
    if "?" in text or (len(words.split()) > _AT_ONCE and not re.match(r"\W*\w+\s*[,.;!]", text)):
        return None
    if _YES.match(words) and not (_IF.match(words) and not re.match(r"\W*(?:s[iíÍ])\s*,", text, re.IGNORECASE)):
        return True
    return False if _NO.match(words) else None


def now(text: str) -> bool | None:
    """Whether it happens now, by what a message says beside yes or no; None where it doesn't say."""
    words = without_marks(text)
    if _BEFORE.search(words):
        return False
    return True if _NOW.search(words) else None


def with_name(text: str) -> bool | None:
    """Whether somebody wants to give their name, by what a message says beside yes or no; None where it doesn't say."""
    words = without_marks(text)
    if _NO_NAME.search(words):
        return False
    return True if _WITH_NAME.search(words) else None
