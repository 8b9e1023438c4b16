"""A thousand texts of bad will, the same in every run: markup, scripts, links, formulas, paths, numbers, odd letters.

Each is a frame of one family filled with one payload. Those with a script in them set ``window.__hacked``, those with
an address ask for one that no page asks for. None is longer than `LONGEST`, so that a page can be asked about each.
"""

from __future__ import annotations

import random

from tests.hostile import SENTENCES

LONGEST = 2_000
SCRIPT, ADDRESS = "window.__hacked=1", "https://hostile.example/x"
_TAGS = ("img", "svg", "body", "video", "details", "input", "marquee", "math", "object", "style", "a", "form", "base")
_EVENTS = ("onerror", "onload", "onfocus", "ontoggle", "onmouseover", "onstart", "onanimationstart", "onpointerenter")
_QUOTES = ('"', "'", "`", "", "&quot;", "\u00a0", "\u2028")
_SCHEMES = ("javascript:", "JaVaScRiPt:", "java\tscript:", "data:text/html,", "vbscript:", "\x01javascript:", "//")
_OPENINGS = ("", '">', "'>", "</textarea>", "</title>", "</script>", "]]>", "-->", "}}", "</p>", "\\", "\n\n")
_ENCODED = (
    lambda text: text,
    lambda text: "".join(f"&#{ord(char)};" for char in text[:60]),
    lambda text: "".join(f"&#x{ord(char):x}" for char in text[:60]),
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()[:60]),
    lambda text: "".join(f"\\u{ord(char):04x}" for char in text[:60]),
    lambda text: text.replace("<", "\uff1c").replace(">", "\uff1e"),
    lambda text: text.upper(),
    lambda text: "\u202e".join(text[:60]),
)
_MARKDOWN = (
    "![{0}]({1})", "[{0}]({1} 'x')", "[{0}][a]\n\n[a]: {1}", "<{1}>", "{1}", "# {0}\n---\n{1}", "> {0}\n\n    {1}",
    "|{0}|{1}|\n|-|-|\n|a|b|", "```{0}\n{1}\n```", "$${0}$$ $\\href{{{1}}}{{x}}$", "$\\unicode{{x}}\\html{{{0}}}$",
    ":material/{0}: :red[{1}]", ":red-background[![{0}]({1})]", "<details open ontoggle={0}>", "[^1]\n\n[^1]: {1}",
    "***{0}***",
)  # fmt: skip
_FORMULAS = (
    "=cmd|' /C {0}'!A0", '+HYPERLINK("{1}")', "-2+3+{0}", "@SUM(1+1)*{0}", "\t=1+1", '\r=IMPORTXML("{1}";"//a")',
    '=DDE("cmd";"/C {0}";"x")', "\uff1d1+1", ' =WEBSERVICE("{1}")', "w_o*h+__import__('os').system('{0}')",
    "().__class__.__mro__[-1].__subclasses__()", "9**9**9**9", "1e999", "((((((((((((((((({0}", "lambda: {0}",
    "[].append({0})",
)  # fmt: skip
_PATHS = (
    "../../../../etc/passwd", "..\\..\\..\\windows\\win.ini", "/etc/passwd", "file:///etc/passwd",
    "lstm/../../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "....//....//etc/passwd", "lstm\0.json",
    "~/.ssh/id_rsa", "\\\\hostile.example\\share", "CON", "lstm/", ".", "..", "-rf", "--out=/tmp/x",
    "checkpoints/.lstm.previous", "/proc/self/environ", "a" * 300,
)  # fmt: skip
_TEMPLATES = (
    "{{{{{0}}}}}", "${{{0}}}", "#{{{0}}}", "<%= {0} %>", "{{% {0} %}}", "{0!r}", "%({0})s", "%n%n%s%x", "{{{{7*7}}}}",
    "'; DROP TABLE pairs; --", "' OR '1'='1", "1; SELECT * FROM finds", '"}}],"x":{{"__proto__":{{"y":1}}}}',
    "__proto__", "constructor", "toString", "null", "undefined", "NaN", "true", "-0", '{{"$ne": null}}',
    "!!python/object:x",
)  # fmt: skip
_NUMBERS = (
    "-1", "0", "1e308", "-1e999", "9" * 400, "1_000", "٣", "²", "½", "0x7f", "1.5.2", "NaN", "inf", "1,2", "1.0.1.0",
    "+1", "2147483648", "18446744073709551616", "1 OR 1", "000000000000001", "1\u00a0000", "-", ".", "1e",
    "\u0661\u0662",
)  # fmt: skip
_LETTERS = (
    "\u202e{0}\u202c", "\u2066\u2067{0}", "\ufeff{0}\ufffe", "\u0301" * 200 + "{0}", "\U000e0041\U000e0042{0}",
    "\x00{0}\x1b[2J", "\x07\x08{0}\x7f", "{0}\u2028{0}\u2029", "ﷺ" * 100 + "{0}", "🏴\U000e0067\U000e0062\U000e007f{0}",
    "👩‍👩‍👧‍👦" * 40, "İI\u0130\u0131ß{0}", "\ud7ff\ue000{0}", "\u200b" * 500, "\u3000{0}", "a" * 1_500, "( " * 400,
    "<" * 700, "!?" * 500, "@a " * 300, "#" * 900, "a@" * 400, "https://" * 100, "&amp;" * 200, "x" * 30 + "'" * 300,
    "." * 1_000, "n't " * 200, "😀" * 300,
)  # fmt: skip


def hostile(count: int = 1_000, seed: int = 0) -> list[str]:
    """So many different hostile texts, those of `tests.hostile` first."""
    draw = random.Random(seed)
    found = dict.fromkeys(SENTENCES)
    families = (_markup, _link, _filled(_MARKDOWN), _filled(_FORMULAS), _filled(_PATHS), _filled(_TEMPLATES))
    families += (_filled(_NUMBERS), _filled(_LETTERS), _mixed)
    while len(found) < count:
        for family in families:
            found.setdefault(family(draw)[:LONGEST])
    return list(found)[:count]


def _markup(draw: random.Random) -> str:
    tag, event, quote = draw.choice(_TAGS), draw.choice(_EVENTS), draw.choice(_QUOTES)
    made = draw.choice(
        (
            f"<script>{SCRIPT}</script>",
            f"<{tag} {event}={quote}{SCRIPT}{quote}>",
            f"<{tag}/{event}={SCRIPT} autofocus tabindex=1 style=animation-name:x open>",
            f"<{tag}\n{event}\n=\n{quote}{SCRIPT}//{quote}<!--",
            f'<iframe srcdoc="<script>parent.{SCRIPT}</script>">',
            f"<{tag} src={ADDRESS} href={ADDRESS} background={ADDRESS} data={ADDRESS}>",
            f"<link rel=stylesheet href={ADDRESS}><meta http-equiv=refresh content='0;url={ADDRESS}'>",
            f"<style>@import '{ADDRESS}';*{{background:url({ADDRESS})}}</style>",
            f"<svg><animate onbegin={SCRIPT} attributeName=x></svg>",
            f"<math><mtext><table><mglyph><style><img src=x onerror={SCRIPT}>",
        )
    )
    return draw.choice(_OPENINGS) + draw.choice(_ENCODED)(made)


def _link(draw: random.Random) -> str:
    where = draw.choice(_SCHEMES) + draw.choice((SCRIPT, f"<script>{SCRIPT}</script>", "hostile.example/y"))
    made = draw.choice(
        ("<a href={q}{0}{q}>x</a>", "[x]({0})", "<form action={q}{0}{q}>", "{0}", "<base href={q}{0}{q}>")
    )
    return draw.choice(_OPENINGS) + made.format(where, q=draw.choice(_QUOTES))


def _filled(frames: tuple[str, ...]):  # type: ignore[no-untyped-def]
    def fill(draw: random.Random) -> str:
        payload = draw.choice((SCRIPT, f"<img src=x onerror={SCRIPT}>", "x", ADDRESS, str(draw.randrange(10_000))))
        frame = draw.choice(frames)
        try:
            made = frame.format(payload, ADDRESS)
        except (ValueError, IndexError, KeyError):
            made = frame
        return made if draw.random() < 0.5 else f"{made} {draw.randrange(1_000)}"

    return fill


def _mixed(draw: random.Random) -> str:
    """Two of `tests.hostile`, cut anywhere and put together."""
    one, other = draw.sample(SENTENCES, 2)
    return one[: draw.randrange(1, len(one) + 1)] + other[draw.randrange(len(other)) :]
