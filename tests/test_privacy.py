"""Identifiers never get past the mask; what only looks a little like one stays, since answers depend on it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.privacy import mask

# Kind, sentence, and what in it must not be left.
IDENTIFIERS = [
    ("a-number", "My A-number is {}, can I report?", "A123456789"),
    ("a-number", "my number {}", "A 123 456 789"),
    ("a-number", "Mi número de registro es {}", "A-123-456-789"),
    ("a-number", "{} is mine", "A#123-456-789"),
    ("a-number", "mi número es {}.", "a12345678"),
    ("a-number", "alien number {}", "123456789"),
    ("a-number", "mi registro de extranjero {}", "123 456 789"),
    ("a-number", "USCIS # {} lo perdí", "123-456-789"),
    ("a-number", "my A number is {}", "012 345 678"),
    ("a-number", "my A# is {}", "012-345-678"),
    ("a-number", "my alien registration number is {}", "012-345-678"),
    ("a-number", "es {}", "A # 012-345-678"),
    ("ssn", "my ssn is {}", "123 456 789"),
    ("ssn", "my social is {}", "123 - 45 - 6789"),
    ("ssn", "{} is my social", "123–45–6789"),
    ("ssn", "mi itin es {}", "9 1 2 7 0 1 2 3 4"),
    ("passport", "pasaporte: {}", "AB 123456"),
    ("card", "card {} 123", "4111 1111 1111 1111"),
    ("card", "mi tarjeta {} 12/25", "4111 1111 1111 1111"),
    ("email", "escríbame a {}", "ana at gmail.com"),
    ("phone", "llame al {}", "253 856\n5890"),
    ("phone", "llame al {}", "253·856·5800"),
    ("ssn", "my ssn is {}", "123-45-6789"),
    ("ssn", "SSN {}", "123 45 6789"),
    ("ssn", "mi seguro social es {}", "123-45-6789"),
    ("ssn", "mi social es {}", "123.45.6789"),
    ("ssn", "seguro {} me lo robaron", "123456789"),
    ("ssn", "my ITIN: {}", "912-70-1234"),
    ("ssn", "mi ITIN es {}", "912701234"),
    ("number", "social security number {}", "123456789"),
    ("passport", "passport number {}", "123456789"),
    ("passport", "mi pasaporte es {} y me lo robaron", "G12345678"),
    ("passport", "my passport no. {}", "C01234567"),
    ("passport", "{} is what it says", "N12345678"),
    ("id", "mi matrícula consular {}", "1234567"),
    ("id", "matricula consular número {}", "12345678"),
    ("phone", "my consular ID {}", "1234567"),
    ("id", "my driver's license is {}", "D1234567"),
    ("id", "mi licencia {}", "D123-4567"),
    ("id", "mi INE es {}", "1234567890123"),
    ("id", "mi DUI {}", "01234567-8"),
    ("id", "mi cédula {}", "1-1234-5678"),
    ("id", "mi identidad es {}", "0801-1990-12345"),
    ("id", "{} es la mía", "0801 1990 12345"),
    ("id", "mi DPI {}", "2345 67890 0101"),
    ("id", "es {}", "2345-67890-0101"),
    ("id", "mi CUI es {}", "2345678900101"),
    ("id", "mi dni: {}", "12345678"),
    ("id", "mi RFC es {}", "GOMC900101AB1"),
    ("id", "{} para la factura", "gomc-900101-ab1"),
    ("id", "clave de elector {}", "GMLPMR90010109H100"),
    ("id", "dice {}", "GMLPMR 900101 09 H 100"),
    ("curp", "my CURP is {}", "GOMC900514HDFRRL09"),
    ("curp", "mi curp es {}", "pegj850101hjcrrn07"),
    ("card", "they charged my card {}", "4111 1111 1111 1111"),
    ("card", "me clonaron la tarjeta {}", "5500-0000-0000-0004"),
    ("card", "{}", "4111111111111111"),
    ("card", "mi amex {}", "3782 822463 10005"),
    ("phone", "call me at {}", "(816) 555-0134"),
    ("phone", "call me at {} please", "816-555-0134"),
    ("phone", "llámeme al {}", "816.555.0134"),
    ("phone", "mi cel {}", "8165550134"),
    ("phone", "my phone is {}", "+1 816 555 0134"),
    ("phone", "o al {}", "1-816-555-0134"),
    ("phone", "mi numero es {}", "816 555 01 34"),
    ("phone", "márqueme al {}", "816 5550134"),
    ("phone", "mándeme whatsapp al {}", "+1(816)5550134"),
    ("phone", "my number is {}", "8 1 6 5 5 5 0 1 3 4"),
    ("phone", "mi teléfono: {}", "816–555–0134"),
    ("phone", "text me {}", "816 / 555 / 0134"),
    ("phone", "I was at {}", "555-0134"),
    ("phone", "mi mamá en México {}", "+52 55 1234 5678"),
    ("phone", "mi cel es {}", "55 1234 5678"),
    ("phone", "cel: {}", "33-1234-5678"),
    ("phone", "al {}", "999 123 4567"),
    ("phone", "from here it is {}", "011 52 55 1234 5678"),
    ("phone", "is {} the chief?", "(253) 856-5890"),
    ("email", "write me at {}", "ana.lopez@example.com"),
    ("email", "mi correo es {}", "ana_lopez+kc@example.com.mx"),
    ("email", "{}, gracias", "ana@example.com"),
    ("email", "my mail is {}", "lopez @ example.com"),
    ("plate", "the plate was {}", "ABC 1234"),
    ("plate", "license plate number {}", "8ABC123"),
    ("plate", "la placa es {}", "7XYZ123"),
    ("plate", "placas {}", "ABC-1234"),
    ("plate", "placas {}", "ABC-12-34"),
    ("plate", "las placas del carro son {}", "ABC1234"),
    ("plate", "las placas del carro rojo: {}", "ABC 1234"),
    ("id", "my driver license is {}", "WDL ABC123"),
    ("id", "me quitaron {} y el carro", "WDL45L6D7F8G"),
    ("id", "es {}", "wdl ABC1D234F"),
    ("id", "my DL is {}", "123456789"),
    ("phone", "llame al {}", "253_856_5890"),
    ("phone", "al {}, por favor", "253*856*5890"),
    ("ssn", "es {}", "123_45_6789"),
    ("email", "mi correo: {}", "ana (at) example.com"),
    ("email", "mi correo: {}", "ana [at] example [dot] com"),
    ("email", "mi correo: {}", "ana arroba gmail punto com"),
    ("email", "my mail is {}", "ana at gmail dot com"),
    # Close to a word.
    ("number", "{}y vivo en Kent", "123456789"),
    ("number", "folio{}", "123456789"),
    ("a-number", "{}y", "A123456789"),
    ("card", "tarjeta{}", "4111111111111111"),
    ("phone", "cel{}y", "816-555-0134"),
    ("ssn", "ssn{}y", "123-45-6789"),
    # A number that has a year in it, or two years beside it.
    ("phone", "llame al {}", "+52 55 2018 2019"),
    ("phone", "2018-2019 {}", "816-555-0134"),
    ("plate", "plates: {}", "KC1 234"),
]
HARMLESS = """\
Should I call 911 or 988?
¿Llamo al 911 o al 988?
It happened on July 22, 2019.
2019-07-22
22/07/2019
7/22/2019 at 10:30 pm
Fue el 20 de agosto de 2019, a las 5:45.
May 20 – June 20, 2019
Is there a $25,000 reward?
¿Es cierto lo de la recompensa de $25,000?
$1,000,000
13 focus groups and over 100 residents
58 tips, an increase of 123%
Missouri Statute 67.307
¿Qué dice el estatuto 67.307?
Policy 2.70
24th and Quincy
Vivo en la calle 24 y Quincy, cerca de Hope City.
12345 SE 256th St, Kent, WA 98032
zip 98032-5895
the I-435 at 87th Street
la 101 y la 405
open 8-5 or 9:00-17:00?
Form I-130, a U-visa, an H-1B
4 or 5 robberies in 2018
Eran 3 o 4 hombres, uno de 25 años.
case 12345
from 2018 to 2019
entre 2016 y 2017
Can an officer ask to see my passport?
¿Me pueden pedir pasaporte o visa?
me pidieron la licencia
the plates are on the table
perdí mis placas
me robaron las placas de mi carro
las placas del carro que vi el 24 de julio
vi las placas en 2019
the plates of the car on I-435 near 24th
3-01/110.00
what does section 3-01/110.00 say
the 2016-2017 action plan
2018 2019
22-07-2019
mi licencia es de 2019-2023
mi dl es de 2019 y vence en 2027
the DL office in Kent
my WDL documents
¿me piden identidad en 2019?
mi identidad es de 2019-2023
¿qué es el RFC, el DPI o el CUI?
en 2019 2020 hubo 13 reuniones
PASO900101ABC
GOMC991399AB1
el 3*12*2024, de 9_17 h
_5 de mayo de 2024_ y *10:30*
mi seguro social me lo robaron
seguro que no preguntan
my social worker knows
alien
/press_yes
"""


@pytest.mark.parametrize(("kind", "sentence", "identifier"), IDENTIFIERS)
def test_an_identifier_is_masked_and_the_rest_stays(kind: str, sentence: str, identifier: str) -> None:
    assert mask(sentence.format(identifier)) == sentence.format(f"[{kind}]")


def test_every_identifier_of_a_message_is_masked() -> None:
    text = "Soy A123456789, mi cel 816-555-0134 o 816-555-0199, correo ana@example.com, ssn 123-45-6789."
    assert mask(text) == "Soy [a-number], mi cel [phone] o [phone], correo [email], ssn [ssn]."


@pytest.mark.parametrize("text", HARMLESS.splitlines())
def test_a_harmless_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


_PIECES = st.one_of(
    st.text(max_size=8),
    st.text("0123456789 -.()+A[]/@", max_size=20),
    st.sampled_from(["my ssn is ", "pasaporte ", "placas ", "A-", "+52 ", "alien ", "INE ", "[phone]", "número "]),
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(_PIECES, max_size=6).map("".join))
def test_masking_never_raises_and_has_nothing_left_to_do_the_second_time(text: str) -> None:
    masked = mask(text)
    assert mask(masked) == masked


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text("áB ,.:-(", max_size=8), st.text("0123456789", min_size=9, max_size=24), st.text(" ,.:;)", max_size=8))
def test_a_long_number_never_stays(before: str, number: str, after: str) -> None:
    assert not re.search(r"\d{9}", mask(f"{before} {number} {after}"))
