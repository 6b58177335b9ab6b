"""Texts that try to become markup or script: what somebody could write to have it run in a liaison's browser."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

_DO = ("ran(1)", "window.ran(1)", "top['ran'](1)", "eval('ran(1)')", "alert(1)", "location='javascript:ran(1)'")
_TAGS = (
    "<script>{do}</script>",
    "<SCRIPT SRC=data:,{do}></SCRIPT>",
    "<img src=x onerror={do}>",
    '<img src="x" onerror="{do}">',
    "<svg onload={do}>",
    "<svg><animate onbegin={do} attributeName=x dur=1s>",
    "<svg><script>{do}</script></svg>",
    "<body onload={do}>",
    "<details open ontoggle={do}>x</details>",
    "<iframe srcdoc='<script>parent.{do}</script>'></iframe>",
    '<iframe src="javascript:{do}"></iframe>',
    '<a href="javascript:{do}" autofocus onfocus={do}>x</a>',
    "<input autofocus onfocus={do}>",
    "<video><source onerror={do}></video>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror={do}>",
    "<style>@import 'data:,';</style><img src=x onerror={do}>",
    '<meta http-equiv="refresh" content="0;url=javascript:{do}">',
    '<object data="javascript:{do}"></object>',
    '<form action="javascript:{do}"><button autofocus>x</button></form>',
    '<div hx-get="/console/search" hx-trigger="load" hx-on:htmx:load="{do}">x</div>',
    '<div hx-on::after-settle="{do}" hx-trigger="load" hx-post="/console/sign-out">x</div>',
    '<base href="https://example.org/"><script src=x></script>',
    "<template shadowrootmode=open><script>{do}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={do}>'>",
)
_OUT_OF = ("{tag}", '">{tag}', "'>{tag}", "</textarea>{tag}", "</script>{tag}", "-->{tag}", "]]>{tag}", "</title>{tag}")
_PLAIN = (
    "{{ 7*7 }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "${ran(1)}",
    "#{ran(1)}",
    "javascript:ran(1)",
    "%(department)s %s %d",
    "' OR 1=1 --",
    "'; DROP TABLE messages; --",
    '=HYPERLINK("https://example.org")',
    "\\u003cscript\\u003eran(1)\\u003c/script\\u003e",
    "&lt;script&gt;ran(1)&lt;/script&gt;",
    "＜script＞ran(1)＜/script＞",
    'data: {"id": null}\n\nevent: over\ndata: {}',
    "‮gnp.exe",
    "[x](javascript:ran(1))",
    '![x](x"onerror="ran(1))',
    "<" * 200,
    "&" * 200,
    "'\"" * 100,
)


def hostile() -> Iterator[str]:
    """More than 500 of them, each once."""
    seen = set()
    for number, (tag, out_of) in enumerate(product(_TAGS, _OUT_OF)):
        for do in (_DO[number % len(_DO)], _DO[(number + 1) % len(_DO)], _DO[(number + 3) % len(_DO)]):
            text = out_of.replace("{tag}", tag.replace("{do}", do))
            if text not in seen:
                seen.add(text)
                yield text
    yield from _PLAIN
