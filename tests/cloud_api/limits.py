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


def length(text: str) -> int:
    """How long Meta takes a text to be. The reference says «characters» and no more: code points are taken here.

    An emoji outside the basic plane is then one, not two, and a family with joiners several.
    """
    return len(text)
