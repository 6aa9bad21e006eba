"""What a page lets through: attacks first, each in the place where a learner could put it; then what must stay."""

import base64
import io
import re
import time

import pytest
from matplotlib.figure import Figure

from course.grading import page
from course.grading.code import highlighted
from course.grading.prose import Prose

# The ways in which HTML has been made to run or to ask for something; each must leave nothing of the kind.
ATTACKS = {
    "script": "<script>document.title='owned'</script>",
    "script in a comment's end": "<!--><script>alert(1)</script>-->",
    "broken script": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "upper case": "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "onerror": '<img src=x onerror="alert(1)">',
    "onload": "<body onload=alert(1)>",
    "slash for a space": "<img/src=x/onerror=alert(1)>",
    "event on anything": '<p onclick="alert(1)" onmouseover=alert(1)>x</p>',
    "javascript link": '<a href="javascript:alert(1)">x</a>',
    "javascript link, disguised": '<a href="jAva&#x0A;script&colon;alert(1)">x</a>',
    "javascript link after a control character": '<a href="\x01javascript:alert(1)">x</a>',
    "vbscript link": '<a href="vbscript:msgbox(1)">x</a>',
    "data link": '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    "data page in a picture": '<img src="data:text/html,<script>alert(1)</script>">',
    "svg in a picture": '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+">',
    "svg named png": '<img src="data:image/png;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+">',
    "svg": "<svg onload=alert(1)><script>alert(1)</script><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "svg animation": "<svg><animate href=#x attributeName=href values=javascript:alert(1) /></svg>",
    "math": "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "mutation": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "noscript mutation": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "template": "<template><script>alert(1)</script></template>",
    "iframe": '<iframe src="https://evil.example" srcdoc="<script>alert(1)</script>"></iframe>',
    "object": '<object data="data:text/html,<script>alert(1)</script>"></object><embed src="//evil.example">',
    "meta refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "meta policy": '<meta http-equiv="Content-Security-Policy" content="default-src *">',
    "base": '<base href="https://evil.example/">',
    "link": '<link rel="stylesheet" href="https://evil.example/x.css">',
    "form": '<form action="https://evil.example"><button formaction="javascript:alert(1)">x</button></form>',
    "remote picture": '<img src="https://evil.example/pixel.png"><img srcset="//evil.example/a 1x">',
    "style element": "<style>body{background:url(https://evil.example)} *{display:none}</style>",
    "style": '<p style="position:fixed;top:0;background:url(https://evil.example/x)">x</p>',
    "style expression": '<p style="width:expression(alert(1))">x</p>',
    "class of the page": '<section class="told good" id="cell-1">4 of 4 points</section>',
    "marquee": "<marquee onstart=alert(1)>x</marquee>",
    "video": "<video><source onerror=alert(1)></video><audio src=//evil.example>",
    "end of the page": "</main></body></html><script>alert(1)</script>",
    "end of the style": "</style><script>alert(1)</script>",
    "textarea": "<textarea><img title='</textarea><img src onerror=alert(1)>'></textarea>",
}
DANGEROUS = re.compile(
    r"<\s*/?\s*(?:script|style|svg|math|iframe|object|embed|meta|base|link|form|input|button|template|noscript|video|"
    r"audio|source|marquee|textarea|body|html|main)\b"
    r"|<[^>]*[\s/](?:on\w+|style|class|id|srcset|srcdoc|formaction|xlink:href)\s*="
    r"|<[^>]*[\s/](?:href|src)\s*=\s*+[\"']?+\s*+(?!https?:|mailto:|data:image/(?:png|jpeg);base64,)"
    r"|<img[^>]*\ssrc\s*=\s*+[\"']?+(?!data:image/(?:png|jpeg);base64,)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_dangerous_is_left_of_an_attack(attack):
    places = {
        "html": page.clean(attack),
        "markdown": Prose().html(f"Text\n\n{attack}\n\nmore"),
        "inline markdown": Prose().html(f"Text {attack} more"),
        "text": page.text(attack),
        "name": page.name(attack),
        "code": highlighted(attack).replace('<pre aria-label="Code">', "").replace("<span class=", "<span "),
    }
    for place, said in places.items():
        assert not DANGEROUS.search(said), (place, said)
        assert "PHN2Zy" not in said or "<img" not in said, (place, said)


def test_the_pattern_of_dangers_finds_what_it_must():
    harmless = {"svg named png"}  # by its looks: what it holds is another thing, and is looked for by itself
    assert {name for name, attack in ATTACKS.items() if not DANGEROUS.search(attack)} == harmless
    assert not DANGEROUS.search('<p><a href="https://a.b">x</a><img src="data:image/png;base64,AA==" alt="x"></p>')


def test_markdowns_own_ways_to_link_are_closed_too():
    said = Prose().html(
        "[a](javascript:alert(1)) ![b](https://evil.example/x.png) <javascript:alert(1)> [c](data:text/html,x)"
    )
    assert "javascript:" not in re.sub(r">[^<]*<", "><", said) and "evil.example" not in said and "href" not in said
    reference = Prose().html('[a]\n\n[a]: javascript:alert(1) "t"')
    assert "href" not in reference


def test_links_to_pages_stay_and_tell_nobody_where_one_came_from():
    said = page.clean('<a href="https://docs.python.org/3/" target="_blank">docs</a> <a href="mailto:a@b.c">mail</a>')
    assert 'href="https://docs.python.org/3/"' in said and 'href="mailto:a@b.c"' in said
    assert said.count('rel="noopener noreferrer nofollow"') == 2 and "target" not in said


def test_tables_headings_and_emphasis_stay():
    table = '<table border="1"><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    assert page.clean(table) == table.replace(' border="1"', "")
    assert page.lower(page.clean("<h1 id=x>a</h1><h6>b</h6>"), 1) == "<h2>a</h2><h6>b</h6>"
    assert "<strong>b</strong>" in Prose().html("a **b**")


def test_a_picture_is_kept_only_if_it_is_one():
    written = io.BytesIO()
    Figure(figsize=(0.1, 0.1)).savefig(written, format="png")
    png = base64.b64encode(written.getvalue()).decode()
    assert page.image("image/png", png, 'a "b" <c>').endswith('alt="a &quot;b&quot; &lt;c&gt;">')
    assert png in page.clean(f'<img src="data:image/png;base64,{png}">')
    for kind, data in (
        ("image/jpeg", png),
        ("image/svg+xml", png),
        ("image/png", "PHN2Zy8+"),
        ("image/png", 'iVBORw0KGgo="><script>'),
        ("image/png", png[:-3] + "\u00e9"),
        ("image/png", "A" * 3_000_000),
        ("image/png", None),
    ):
        assert page.image(kind, data, "x") == ""


def test_names_cannot_turn_or_break_what_stands_beside_them():
    said = page.name("ada\u202egnp.exe\x00\x1b[31m<b>\ud800\nx")
    assert said == "<bdi>adagnp.exe&lt;b&gt;\ufffd x</bdi>"
    said.encode("utf-8")


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 50_000, "<b>" * 60_000, "<table><tr><td>" * 6_000, "<li>" * 25_000, "&" * 90_000, "<a " * 30_000,
        "<!--" * 20_000, "<p><b>" * 15_000, "</div>" * 15_000, "<x y='" * 15_000,
    ],
    ids=range(10),
)  # fmt: skip
def test_hostile_html_takes_no_time(hostile):
    begun = time.process_time()
    page.clean(hostile)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "hostile", ["`" * 9_000, "[a](<b" * 1_600, "![" * 4_000, "*a " * 3_000, ">" * 3_000, "[" * 9_000]
)
def test_hostile_markdown_takes_no_time(hostile):
    begun = time.process_time()
    prose = Prose()
    for _ in range(20):
        prose.html(hostile)
    assert time.process_time() - begun < 10


def test_when_the_budget_is_spent_markdown_is_shown_as_typed():
    assert Prose(budget=0).html("**a** <script>") == "<pre>**a** &lt;script&gt;</pre>"


def test_a_page_has_a_policy_that_allows_its_own_style_sheet_only():
    said = page.document("a <b>", "<main id=main></main>")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', said)[1]
    assert (
        policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy and "http" not in policy
    )
    assert said.index("Content-Security-Policy") < said.index("<style>"), "a policy holds for what comes after it"
    assert "<title>a &lt;b&gt;</title>" in said and "url(" not in page.stylesheet() and "<" not in page.stylesheet()
