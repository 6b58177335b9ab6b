"""Danger now is met before any model runs, in each language; questions and past events are not taken for it.

The sentences are as residents write them, misspelt too.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import yaml

from bot.content.yamlfile import ContentError
from bot.messages import SAFETY as MESSAGES
from bot.safety import SafetyRules
from bot.safety.rules import FOLDER

SELF_HARM_EN = [
    "i want to kill myself",
    "I don't want to live anymore",
    "im thinking about suicide",
    "they would be better off dead without me, i mean i would be better off dead",
    "i'm going to end my life tonight",
    "i wanna die",
    "i want to hurt myself",
    "thinking of killing myself",
    "im gonna kil myself",
    "my sister wants to kill herself",
]
DANGER_EN = [
    "there is a shooter at the mall",
    "active shooter at kent high school",
    "i hit my wife last night",
    "I slapped my girlfriend",
    "my daughter says her teacher kissed her",
    "hes back in my house with a knife",
    "my daughter is missing since yesterday",
    "i dont know if someone is breaking in to my house",
    "my neighbor is beating his wife",
    "there's someone in my house",
    "i dont want to die please help he has a gun",
    "There is a man with a gun outside my house",
    "he has a knife and he is here in my kitchen",
    "Someone is breaking in right now",
    "somebody is breaking into my house help",
    "sombody is braking into my apartment right now",
    "my husband is hitting me",
    "hes hitting me please help",
    "my boyfriend is beating me and i cant get out",
    "he is choking her",
    "They're trying to kill me",
    "he said he is going to kill me tonight",
    "someone is following me home",
    "im being followed by a car",
    "I am being robbed",
    "we are being attacked",
    "im in danger",
    "My son has been stabbed, please help",
    "someone just got shot outside",
    "i hear gunshots on my street",
    "theres shooting on my street right now",
    "my kid is missing",
    "I can't find my daughter",
    "somebody took my baby",
    "my roommate overdosed and is not waking up",
    "she's not breathing",
    "shes not breatheing",
    "My dad is having a heart attack",
    "he is bleeding a lot",
    "the house is on fire",
    "my neighbors apartment is on fire",
    "help help",
    "HELP!!! he has a gun",
    "a man is trying to open my door with a knife",
    "there is a stranger in my house",
    "im hiding in the bathroom, he is in the house",
    "my ex is outside threatening to kill me",
    "they are beating a guy up across the street",
    "my stepdad is drunk and hitting my mom",
    "someone is raping my friend",
    "a car hit a man and drove off, he is on the ground bleeding",
    "he wont let me leave and he took my phone",
    "he locked me in the basement",
    "they kidnapped my brother just now",
    "she took a bunch of pills and isnt waking up",
    "call 911",
    "call 911 for me",
    "there is fire in my house",
    "police he has a gun",
    "please tell the police he has a gun",
    "I need the police my daughter is missing",
    "I found my dad not breathing",
    "I found my son hanging",
    "we found her bleeding",
    "there's a shooter in my class",
    "I'm dying",
]
SELF_HARM_ES = [
    "me quiero matar",
    "mi hermano se quiere matar",
    "me quiero morir",
    "ya no quiero vivir",
    "quiero matarme",
    "estoy pensando en suicidarme",
    "me quiero suisidar",
    "quiero hacerme daño",
    "me voy a quitar la vida",
    "Voy a cortarme las venas",
    "no quiero seguir viviendo",
    "voy a saltar del puente",
]
DANGER_ES = [
    "hay un tirador en la escuela de mi hijo",
    "hay balacera ahorita en la plaza",
    "le pegué a mi mujer",
    "mi hija dice que su maestro la besó",
    "los de ice están golpeando a mi papá",
    "mi esposo quiere matarme",
    "mi hijo está desaparecido desde ayer",
    "me están siguiendo desde ayer",
    "no sé si alguien está entrando por la ventana",
    "me está pegando ya no aguanto",
    "hay alguien adentro de mi casa",
    "se me kiere meter un hombre a la casa",
    "hay un hombre con pistola afuera de mi casa",
    "mi esposo tiene un cuchillo y está aquí",
    "se están metiendo a mi casa",
    "se estan metiendo a la casa ahorita",
    "alguien esta entrando por la ventana",
    "ayudenme porfavor se estan metiendo a mi casa",
    "mi marido me está pegando",
    "mi esposo me esta pegando ahorita mismo",
    "ayuda me esta golpeando mi novio",
    "le está pegando a mi mamá",
    "la está ahorcando",
    "me quieren matar",
    "dice que me va a matar",
    "me estan siguiendo",
    "me vienen siguiendo y tengo mucho miedo",
    "nos están robando en la tienda",
    "me estan asaltando",
    "Estoy en peligro",
    "estoy en peligo",
    "estan tirando balazos afuera",
    "se oyen balazos en la calle",
    "le acaban de disparar a alguien",
    "apuñalaron a mi hermano, se está desangrando",
    "no encuentro a mi niña",
    "mi hijo está perdido",
    "se robaron a mi bebé",
    "secuestraron a mi hija",
    "se tomó muchas pastillas y no despierta",
    "no puede respirar",
    "mi papá no respira",
    "le está dando un infarto",
    "está sangrando mucho",
    "se esta quemando la casa",
    "hay un incendio en el edificio",
    "¡Auxilio!",
    "socorro",
    "AYUDA AYUDA",
    "me está apuntando con un arma",
    "un hombre quiere abrir mi puerta con un cuchillo",
    "hay un desconocido adentro de mi casa",
    "estoy escondida en el baño, él está tumbando la puerta",
    "están golpeando a un muchacho en el estacionamiento",
    "están violando a mi amiga",
    "me tiene encerrada y no me deja salir",
    "hay hombres armados dentro del negocio",
    "me estan pegandome ayuda",
    "llamen al 911",
    "mi hijo se perdió con su bicicleta",
    "me estoy desangrando",
    "me estoy muriendo",
    "me estoy ahogando",
    "me estoy quemando",
    "estoy sangrando",
    "suena la alarma de monóxido de carbono",
    "está pitando el detector de monóxido",
    "mi padrastro me manosea",
    "mi maestro me tocó",
    "ayúdenme",
    "un hombre agarró a mi hija",
    "un hombre se metió a mi casa",
    "me picó una araña viuda negra",
]
HARMLESS_EN = [
    "they gonna deport me if i talk",
    "u guys gonna call ice on me or wat",
    "active shooter training at my school",
    "there was a shooter at the mall last week",
    "what do police do if there is an active shooter",
    "my uncle kissed my baby on the cheek",
    "what happens if i hit my wife",
    "is the department following the law",
    "who is following my case",
    "Last night, a man with a gun was outside my house",
    "i dont want to live here anymore",
    "i hurt myself at work",
    "i'm hiding in my house from ICE",
    "my son was taken by ICE",
    "people in my building run when they see a deputy",
    "I know something about a shooting and want to help",
    "What should I do if someone breaks into my house?",
    "What happens if I am being followed?",
    "How do I report a break-in?",
    "Someone broke into my house last night",
    "i was robbed last week",
    "my car was stolen yesterday",
    "my husband hit me two months ago",
    "my ex used to hit me",
    "How do I report domestic violence?",
    "In case of a fire, who do I call?",
    "what can i do if my neighbor threatens me",
    "I saw a robbery, can I be a witness?",
    "Can I report a crime anonymously?",
    "who shot the victim near Hope City?",
    "what happened to the robbers with the gun at Hope City",
    "the suspects shot one of the victims in the leg, what happened",
    "Three men robbed people at gunpoint in 2019",
    "is there a reward for homicide tips",
    "do you investigate kidnappings",
    "where do i report a missing person",
    "is it illegal to carry a knife",
    "do officers carry guns",
    "can i own a gun without papers",
    "is the station open right now",
    "can I talk to someone now",
    "Will ICE take my kids if I report?",
    "my son is in jail, is there a hold on him?",
    "my daughter lost her passport",
    "my kid goes to school here now",
    "i need help with a report",
    "help me please",
    "can you help me with a question",
    "do you speak Spanish",
    "is there a fire department number",
    "does the police help with drug overdose information programs",
    "my friend attempted to renew his visa",
    "The neighbor was stabbed years ago",
    "i want to kill time, where is the meeting",
    "this policy is killing me",
    "the line was dead when i called",
    "the attack happened last month",
    "my brother was killed in 2018, is there a reward",
    "he followed me weeks ago",
    "what is the policy on shooting at vehicles",
    "dying to know when the focus group meets",
    "how do i report if i was threatened",
    "he was hitting on me at the bar last week",
    "I'm writing about the man who had a gun, are there arrests?",
    "they violate my rights",
    "this place is fire",
    "I am killing time",
    "we live in fear of deportation",
    "my employer has a copy of my passport",
    "she took my son to school",
    "the fire station near my house, what hours",
    "can I have a fire pit in my yard",
    "somebody keeps calling me about my car warranty",
    "we found him at a friend's house",
    "my son lost his bike",
    "do the police here carry guns",
]
HARMLESS_ES = [
    "me van a deportar si denuncio",
    "nos van a deportar si hablo con ustedes",
    "ustedes van a llamar a la migra si voy",
    "le pegué a mi mujer hace años",
    "este chat lo ve la migra",
    "me están violando mis derechos",
    "mi patrón me está robando mi sueldo",
    "mi hijo quiere entrar a la academia de policía",
    "estoy escondido de la migra",
    "la migra se llevó a mi hijo",
    "ya no quiero vivir aquí",
    "hace dos años, un hombre con pistola estaba afuera de mi casa",
    "qué hago si me están siguiendo",
    "a mi tío lo encañonaron en Hope City",
    "¿Qué hago si alguien se mete a mi casa?",
    "¿Qué pasa si me están siguiendo?",
    "cómo denuncio un robo",
    "anoche se metieron a mi casa",
    "me robaron la semana pasada",
    "ayer me asaltaron",
    "hace un mes mi esposo me golpeó",
    "mi ex me pegaba hace años",
    "¿Cómo reporto violencia doméstica?",
    "en caso de incendio a quién llamo",
    "qué puedo hacer si mi vecino me amenaza",
    "vi un asalto, ¿puedo ser testigo?",
    "puedo denunciar sin dar mi nombre",
    "quién le disparó a la víctima de Hope City",
    "qué pasó con los asaltantes de la pistola en Hope City",
    "los asaltantes le dispararon a una víctima en la pierna, ¿los arrestaron?",
    "en 2019 tres hombres armados robaron a la gente",
    "¿hay recompensa por pistas de homicidio?",
    "investigan secuestros",
    "dónde reporto a una persona desaparecida",
    "es ilegal traer un cuchillo",
    "los policías traen pistola",
    "puedo tener un arma sin papeles",
    "está abierta la estación ahorita",
    "puedo hablar con alguien ahora",
    "¿ICE se lleva a mis hijos si denuncio?",
    "mi hijo está detenido, ¿lo entregan a la migra?",
    "mi hija perdió su pasaporte",
    "se me perdió mi licencia",
    "necesito ayuda con un reporte",
    "ayúdeme por favor",
    "me puede ayudar con una pregunta",
    "hablan español",
    "hay número de los bomberos",
    "hay programas contra la sobredosis de drogas",
    "mi amigo quiere renovar su visa",
    "al vecino lo apuñalaron hace dos años",
    "me muero de ganas de ir a la junta",
    "me estoy muriendo de la risa",
    "el ataque fue el mes pasado",
    "mataron a mi hermano en 2018, ¿hay recompensa?",
    "me siguieron hace unas semanas",
    "cuál es la política sobre disparar a vehículos",
    "me está matando la espera",
    "cómo denuncio si me amenazaron",
    "ya se fueron los ladrones, cómo reporto",
    "mi esposo me pegaba pero ya no",
    "escribo sobre el hombre que tenía la pistola, ¿lo arrestaron?",
    "le tengo miedo a la policía",
    "le tengo miedo a la migra",
    "vivimos con miedo de ICE",
    "mi mamá me va a matar si no llevo el reporte",
    "la policía se llevó a mi hijo",
    "se perdió mi perro",
    "mi esposo me lee los mensajes porque no sé leer",
    "¿la policía puede revisar mi celular?",
]
# Danger now and a word of the past or of a question in one message.
MIXED = [
    "yesterday he threatened me. Now he's outside with a gun",
    "my husband hits me, last week too, and now he is hitting my son",
    "estoy escondida, ayer me pegó",
    "no respira, ayer tomó pastillas",
    "he hit me yesterday and he is hitting me now, hes choking me",
    "my ex who left two months ago is breaking in right now, he has a gun here",
    "hes choking me what do i do if he wont stop",
    "ayer me pegó y ahorita me está pegando otra vez",
    "mi ex me golpeó hace un mes y ahora se está metiendo a mi casa",
    "me están siguiendo, ya no sé qué hacer",
    "hay un hombre que me está siguiendo, qué hago si me alcanza",
]


def test_every_rule_names_a_message_that_the_renderer_knows() -> None:
    rules = [rule for path in (FOLDER / "rules").glob("*.yml") for rule in yaml.safe_load(path.read_text())["rules"]]
    assert {rule["say"] for rule in rules} == MESSAGES.keys()


def test_there_are_sentences_enough() -> None:
    assert len(SELF_HARM_EN) + len(DANGER_EN) >= 40
    assert len(SELF_HARM_ES) + len(DANGER_ES) >= 40
    assert len(HARMLESS_EN) >= 40
    assert len(HARMLESS_ES) >= 40


@pytest.mark.parametrize("text", DANGER_EN + DANGER_ES)
def test_danger_now_is_met(safety: SafetyRules, text: str) -> None:
    flag = safety.check(text)
    assert flag
    assert flag.say == "emergency"


@pytest.mark.parametrize("text", SELF_HARM_EN + SELF_HARM_ES)
def test_self_harm_is_met_with_the_line_for_it(safety: SafetyRules, text: str) -> None:
    flag = safety.check(text)
    assert flag
    assert flag.say == "self_harm"


@pytest.mark.parametrize("text", HARMLESS_EN + HARMLESS_ES)
def test_a_question_or_a_past_event_is_no_emergency(safety: SafetyRules, text: str) -> None:
    assert safety.check(text) is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Estoy en peligro", "ESTOY EN PELIGRO!!!"),
        ("me está pegando", "me esta pegando"),
        ("he’s hitting me", "hes hitting me"),
        ("I'm in danger", "im in danger"),
        ("¡¡Se están metiendo a mi casa!!", "se estan metiendo a mi casa"),
        ("ayuda, ayuda", "ayuda...   ayuda"),
    ],
)
def test_accents_case_and_marks_do_not_count(safety: SafetyRules, text: str, same: str) -> None:
    assert safety.check(text) == safety.check(same) is not None


def test_self_harm_comes_before_the_rest_even_in_a_story_that_is_over(safety: SafetyRules) -> None:
    """Nothing excuses self-harm: one who says so yesterday is asked about today."""
    flag = safety.check("ayer me pegaron y ya no quiero vivir")
    assert flag
    assert flag.say == "self_harm"


@pytest.mark.parametrize(
    ("text", "say"),
    [
        # Whoever hit somebody isn't told that it is not their fault; whoever hit back is.
        ("le di una cachetada a mi novia", "emergency"),
        ("he hit me so i hit my husband back", "domestic_violence"),
        ("mi esposo me pegó y yo le pegué a mi esposo", "domestic_violence"),
        # Taken by agents is no assault.
        ("agarraron a mi papa los de ice hoy en la mañana", "agents_at_door"),
        ("ice just grabbed my husband outside the courthouse", "agents_at_door"),
        # Whose phone is read has to know how to hide this chat.
        ("mi novio me lee el celular", "stalking"),
        ("mi ex me está leyendo los mensajes", "stalking"),
        ("mi esposo me lee el whatsapp", "stalking"),
        ("me lee el celular mi esposo", "stalking"),
        # "If I report" is a question; what somebody says or wants is a threat.
        ("mi jefe me va a deportar si denuncio", "threat_call_ice"),
        ("me dijo que me van a deportar si denuncio", "threat_call_ice"),
        ("me van a deportar si no pago", "threat_call_ice"),
        ("they are gonna deport me if i dont pay him", "threat_call_ice"),
        ("my landlord says they gonna deport me if i talk", "threat_call_ice"),
    ],
)
def test_what_is_said_fits_who_did_what(safety: SafetyRules, text: str, say: str) -> None:
    flag = safety.check(text)
    assert flag
    assert flag.say == say


@pytest.mark.parametrize("text", MIXED)
def test_danger_now_is_met_in_a_message_that_also_tells_of_the_past(safety: SafetyRules, text: str) -> None:
    assert safety.check(text)


@pytest.mark.parametrize("text", ["", "   ", "?!", "👍", "911", "x" * 4000, "ayuda " * 600])
def test_any_text_is_checked_at_once(safety: SafetyRules, text: str) -> None:
    begun = time.process_time()
    flag = safety.check(text)
    assert time.process_time() - begun < 0.5
    assert flag is None or flag.say in MESSAGES


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("rules: [{id: a, patterns: [gun]}]", "rules.0.say: Field required"),
        ("rules:\n- {id: a, say: emergncy, patterns: [gun]}", r"yml:2: rules\.0\.say: .*no key of SAFETY"),
        ("rules:\n- id: a\n  say: emergency\n  patterns: [gun, <nothing>]", "yml:4: there is no list 'nothing'"),
        ("rules:\n- id: a\n  say: emergency\n  patterns:\n  - gun\n  - '(a'", r"yml:6: '\(a' is no part of a pattern"),
        ("rules: [{id: a, say: emergency, patterns: [gun], unless: [nobody]}]", "nobody"),
        ("rules: [{id: a, say: emergency, patterns: ['']}]", "needs no word"),
    ],
)
def test_a_rule_that_cannot_be_used_stops_the_start(tmp_path: Path, broken: str, said: str) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "safety")
    (folder / "rules" / "weapon.yml").write_text(broken, encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        SafetyRules(folder)


@pytest.mark.parametrize("word", ["911", "pistóla"])
def test_a_pattern_with_a_word_that_no_message_is_read_as_having_stops_the_start(tmp_path: Path, word: str) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "safety")
    path = folder / "rules" / "weapon.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    data["rules"][0]["patterns"].append(word)
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ContentError, match=word):
        SafetyRules(folder)
