"""The reference's limits. Lengths are of characters."""

from __future__ import annotations

TEXT_BODY = 4096
INTERACTIVE_BODY = 1024
HEADER = FOOTER = 60
CAPTION = 1024

BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_ID = 256
CTA_DISPLAY_TEXT = 20

LIST_BUTTON = 20
LIST_ROWS = LIST_SECTIONS = 10
SECTION_TITLE = ROW_TITLE = 24
ROW_DESCRIPTION = 72
ROW_ID = 200

CALLBACK_DATA = 512
MEDIA_FILENAME = 240

TEMPLATE_NAME = 512
TEMPLATE_BODY = 1024
TEMPLATE_BUTTONS = 10
TEMPLATE_BUTTON_TEXT = 25
TEMPLATE_URL_BUTTONS = 2
TEMPLATE_PHONE_BUTTONS = 1
TEMPLATE_URL = 2000
_LANGUAGES = """
    af ar ar_AE ar_EG ar_LB ar_MA ar_QA az be_BY bg bn bn_IN ca cs da de de_AT de_CH el en en_AE en_AU en_CA en_GB
    en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_US en_ZA es es_AR es_CL es_CO es_CR es_DO es_EC es_ES
    es_HN es_MX es_PA es_PE es_UY et fa fi fil fr fr_BE fr_CA fr_CH fr_CI fr_MA ga gu ha he hi hr hu id it ja ka kk
    kn ko ky_KG lo lt lv mk ml mr ms nb nl nl_BE pa pl prs_AF ps_AF pt_BR pt_PT ro ru rw_RW si_LK sk sl sq sr sv sw
    ta te th tr uk ur uz vi zh_CN zh_HK zh_TW zu
"""
LANGUAGES = frozenset(_LANGUAGES.split())
"""The codes that a template's language may have."""


def length(text: str) -> int:
    """How long Meta takes a text to be. The reference says «characters» and no more: code points are taken here.

    An emoji outside the basic plane is then one, not two, and a family with joiners several.
    """
    return len(text)
