"""Sentences that would do something if a page took them for HTML, Markdown, LaTeX or an icon.

Those with a script in them set ``window.__hacked``, those with an address ask for one that a page never asks for.
"""

from __future__ import annotations

SENTENCES = (
    "<script>window.__hacked = 1</script>",
    "<img src=x onerror=\"window.__hacked = 2; alert('hacked')\">",
    "<svg/onload=window.__hacked=3>",
    '<iframe srcdoc="<script>parent.__hacked = 4</script>"></iframe>',
    "<iframe src=javascript:parent.__hacked=5></iframe>",
    "\"><img src='https://hostile.example/quote.png'>",
    "' autofocus onfocus='window.__hacked = 6",
    "</style></span></div><style>* {display: none !important}</style>",
    "<!-- --> <a href='javascript:window.__hacked = 7'>click</a>",
    "&lt;script&gt;window.__hacked = 8&lt;/script&gt; &amp;lt;b&amp;gt;",
    "![picture](https://hostile.example/picture.png)",
    "[link](javascript:window.__hacked=9) <https://hostile.example/auto>",
    "] [a]: https://hostile.example/a",
    "$\\LaTeX$ $$\\frac{1}{0}$$ \\(x\\)",
    ":smile: :material/home: :red[red] :blue-background[b]",
    "`code` ```\nfenced\n``` **bold** _it_ ~~gone~~ # heading",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "%{customdata} %{y:.3f} <extra>x</extra> <b>bold</b><br>",
    "{0} {text} {length:,} %s %(name)s ${window.__hacked = 10}",
    "\u202e evil \u2066 bidi \u200b zero \ufeff",
    "{{constructor.constructor('window.__hacked = 11')()}}",
)
