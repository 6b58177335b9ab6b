"""What WhatsApp takes, in code points: one label too long, and the whole message is refused."""

from __future__ import annotations

TEXT = 4096
"""Of a message of text."""
BODY = 1024
"""Of the text above buttons or a list; the reference says so for buttons, and for lists in part."""
BUTTONS = 3
BUTTON = 20
"""Of a button's label, and of the label that opens a list."""
ROWS = 10
ROW = 24
"""Of a row's title in a list."""
TEMPLATE_BODY = 1024
TEMPLATE_BUTTON = 25
