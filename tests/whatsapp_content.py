"""The real content, and what makes WhatsApp's messages of it."""

from __future__ import annotations

from real_content import real

from bot.channels.whatsapp.outbound import Outbound
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.settings import ROOT

REAL = real()
CATALOGS = Catalogs(ROOT / "locales", REAL.languages)
RENDERER = Renderer(REAL, CATALOGS)
OUTBOUND = Outbound(RENDERER, CATALOGS)
