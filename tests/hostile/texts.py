"""Texts that a stranger may have given a class, a channel, a file or a rater as a name."""

import unicodedata

# What a window takes for HTML, a button for a key, or both for nothing.
MARKUP = (
    "<5 foci", "A & B", "a < b > c", "<b>bold", "</p>x", "&lt;b&gt;", "&amp;", "&quot;", "a&b;c",
    "<img src=/tmp/x.png>", '<img src="//server/share/x.png">', "<a href='http://x'>link</a>",
    "<script>alert(1)</script>", "<!-- gone -->", "]]>", "<table><tr><td>1", "<style>*{}</style>",
    '"><svg onload=alert(1)>', "' onmouseover='x", "{{ 7 * 7 }}", "[red]x[/red]", ":smile: :star:",
    "qrc:/x", "<hr>1<br>2", "<?xml version='1.0'?>", "<qt>x</qt>",
)  # fmt: skip
# What a spreadsheet calculates, here or in the next cell, and what begins as that does.
FORMULAS = (
    '=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", "=1+1",
    "＝1+1", "＋1+1", "－1", "＠x", "'=1", "''=1", "'tis", "-", "--", "- control", "=cmd|' /C x'!A0",
    "x;=1+1", "x\t=1+1", "x\n=1+1", 'x","=1+1', '"=1+1', "x;'=1", ";;=1", "; =1", " =1", "\ufeff=1",
    "\xa0=1", "a=b", "a;b", "-5.2", "+7", "1e5", "-1e-5", "x;\t'-", "\u2028=1", "=",
)  # fmt: skip
# What acts on a terminal, turns the direction of writing, or is not seen.
UNSEEN = (
    "\x1b[31mred", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31mred", "\x9d0;title\x9c", "\x90q\x9c", "\a", "a\bb", "a\rb", "a\x0bb\x0cc", "\x7f", "\x85x",
    "\u202egpj.exe", "\u2066x\u2069", "a\u200bb", "a\u200db", "a\u200fb", "a\u2060b", "\ufeffx", "a\xadb",
    "a\U000e0041b", "a\ufe0fb", "x\u2028y", "line\nbreak", "tab\there", "\x1b", "\x00", "a\x00b",
    "\x1bP+q\x1b\\", "\x1b[6n", "\u2800\u3164x",
)  # fmt: skip
# What is no text: bytes of a name that are not UTF-8, and what JSON can say.
NO_TEXT = ("caf\udce9", "\ud800", "\udfff\ud800", "a\udc80b", "\udc7f")
# What matplotlib takes for formulas or leaves out, and what makes paths of names.
OTHERS = (
    "$x", "$x$", "a $ b $ c", r"\$x$", r"$\frac{1}{0}$", r"\alpha", "_hidden", "__", "x_1^2", "%s %d %",
    "{}", "{0.__class__}", "../../etc/passwd", "C:\\Windows", "con", "NUL.txt", "com1", "trailing.",
    "trailing ", "a/b", "a:b", "*?", "~", "-rf", "a" * 255, "x" * 5000, "ab " * 2000, "😀" * 100,
)  # fmt: skip
HOSTILE = (*MARKUP, *FORMULAS, *UNSEEN, *NO_TEXT, *OTHERS)
# What people do call things; nothing becomes of it.
HONEST = (
    "control", "G1/S phase", "Überexpression", "対照群", "ขนาดเล็ก", "مجموعة ضابطة", "می\u200cخواهم",
    "क्\u200dष", "α-tubulin", "β1 ≥ 2 µM", "−5 µM", "e\u0301", "👩\u200d🔬", "❤\ufe0f", "1\ufe0f\u20e3", "🇯🇵",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "5–10 foci", "p < 0.05 & n > 3", "שלום",
    "control\u00a02", "“quoted”", "control (2)", "100 %",
)  # fmt: skip


def acts(text: str) -> str:
    """The characters of a text that act somewhere, or that nobody sees."""
    joiners = "\u200c\u200d\ufe0f"
    for honest in HONEST:
        text = text.replace(honest, "")
    return "".join(
        letter
        for letter in text
        if unicodedata.category(letter) in ("Cc", "Cs", "Cf", "Zl", "Zp") and letter not in joiners
    )
