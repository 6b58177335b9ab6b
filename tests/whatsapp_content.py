"""The real content, and what makes WhatsApp's messages of it."""

from __future__ import annotations

from bot.channels.whatsapp.outbound import Outbound
from bot.content.library import inspect
from bot.i18n import Catalogs
from bot.rendering.renderer import Renderer
from bot.settings import ROOT

REAL = inspect(ROOT / "data")[0]
CATALOGS = Catalogs(ROOT / "locales", REAL.languages)
RENDERER = Renderer(REAL, CATALOGS)
OUTBOUND = Outbound(RENDERER, CATALOGS)
