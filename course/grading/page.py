"""Pages that hold what learners wrote: whatever stands in it, no script runs and nothing is asked of the network.

Three walls, each enough by itself: text is escaped; HTML goes through nh3 (ammonia) with a short list of elements and
no style, id or event; and the page's own Content-Security-Policy forbids everything but its one style sheet and images
that are in it. https://www.w3.org/TR/CSP3/ has the words of the policy.
"""

import base64
import binascii
import hashlib
import html
import re
from functools import cache
from importlib.resources import files

import nh3

LARGEST_HTML = 100_000  # characters; what is longer is shown as text
DEEPEST = 200  # elements within elements: what is deeper takes a sanitiser's time, and no page needs it
LARGEST_TEXT = 20_000  # characters of one output
LARGEST_IMAGE = 2_000_000  # bytes
BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
IMAGE = re.compile(r"data:(image/(?:png|jpeg));base64,([A-Za-z0-9+/=\s]+)")
ADDRESS = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)

TAGS = {
    "a", "abbr", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
# Their content is no text to read: it goes with them.
GONE = {
    "script", "style", "svg", "math", "iframe", "object", "embed", "applet", "template", "noscript", "noembed", "title",
    "textarea", "select", "frameset", "xmp", "plaintext", "video", "audio", "canvas",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
    "abbr": {"title"},
}
# What a highlighter says of code: no other class comes through, so nothing takes the look of the page's own parts.
TOKENS = {"k", "kn", "kc", "ow", "s", "s1", "s2", "sd", "sa", "si", "se", "m", "mi", "mf", "mh", "c", "c1", "cm"}
CLOSED_BY_THE_NEXT = {"p", "li", "td", "th", "tr", "dt", "dd", "br", "hr", "img", "col", "wbr", "input", "meta", "link"}
TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
# No character that a page may not hold, or that turns the direction of what follows.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
SURROGATES = re.compile("[\ud800-\udfff]")
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def plain(value: object, most: int = LARGEST_TEXT) -> str:
    """A value as characters that a page may hold, without a terminal's colours; what is beyond `most` is left out."""
    said = SURROGATES.sub("\ufffd", UNSEEN.sub("", ANSI.sub("", str(value)[: 4 * most])))
    return said if len(said) <= most else f"{said[:most]}\n… (the rest is left out)"


def text(value: object, most: int = LARGEST_TEXT) -> str:
    """A value as HTML text: nothing in it is markup. It stands between tags, never in an attribute."""
    return html.escape(plain(value, most), quote=False)


def name(value: object) -> str:
    """A name as HTML: its direction does not spill over into what stands beside it."""
    return f"<bdi>{text(' '.join(str(value).split()), 200)}</bdi>"


def clean(source: str) -> str:
    """HTML of which only harmless elements are left; what is too large or too deep comes back as text."""
    source = plain(source, LARGEST_HTML)
    if len(source) > LARGEST_HTML or _too_deep(source):
        return f"<pre>{text(source)}</pre>"
    return _cleaner().clean(source)


def lower(cleaned: str, by: int) -> str:
    """Headings `by` levels further down, so that they stand below those of the page. `cleaned` comes from `clean`."""
    return re.sub(r"<(/?)h([1-6])>", lambda found: f"<{found[1]}h{min(6, int(found[2]) + by)}>", cleaned)


def image(kind: str, data: str, alternative: str) -> str:
    """An img that holds its picture: PNG or JPEG in base64. Empty if it is none, or too large."""
    encoded = "".join(data.split()) if isinstance(data, str) else ""
    if not _is_image(kind, encoded):
        return ""
    return f'<img src="data:{kind};base64,{encoded}" alt="{html.escape(plain(alternative, 2000))}">'


def document(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML already; `title` is text."""
    style = stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(' '.join(title.split()), 200)}</title>\n<style>{style}</style>\n</head>\n"
        f'<body>\n<a class="skip" href="#main">To the content</a>\n{body}\n</body>\n</html>\n'
    )


@cache
def stylesheet() -> str:
    """The one style sheet of all pages: light and dark, and for paper."""
    return files("course.grading").joinpath("page.css").read_text(encoding="utf-8")


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=GONE,
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        allowed_classes={"span": TOKENS},
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """An attribute's value, or None to drop it: links lead to pages and mail, pictures are in the page."""
    if attribute == "href":
        return value if ADDRESS.match(value) else None
    if attribute == "src":
        found = IMAGE.fullmatch(value)
        return value if found and _is_image(found[1], "".join(found[2].split())) else None
    return value


def _is_image(kind: str, encoded: str) -> bool:
    if kind not in BEGINNINGS or not encoded or len(encoded) > LARGEST_IMAGE * 4 / 3 + 4:
        return False
    try:
        return base64.b64decode(encoded, validate=True).startswith(BEGINNINGS[kind])
    except (binascii.Error, ValueError):
        return False


def _too_deep(source: str) -> bool:
    """Whether elements may stand deeper than DEEPEST within each other: an upper bound, without parsing."""
    depth: dict[str, int] = {}
    total = 0
    for found in TAG.finditer(source):
        tag = found[2].lower()
        if tag in CLOSED_BY_THE_NEXT:
            continue
        if not found[1]:
            depth[tag] = depth.get(tag, 0) + 1
            total += 1
            if total > DEEPEST:
                return True
        elif depth.get(tag):
            depth[tag] -= 1
            total -= 1
    return False
