"""What a mail says by itself: who sent it without a person, and which words are the sender's own.

Knows no model; everything comes from the headers (RFC 3834, RFC 5321) and the body.
"""

import hashlib
import re

from lxml import html

AUTO_REPLY_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Auto-Reply")
AUTOMATIC_PRECEDENCE = {"bulk", "junk", "list", "auto_reply"}
LONGEST_HEADER = 998  # characters of a line (RFC 5322 2.1.1); what is longer is no honest header

# Where quoted text begins that is not marked as such, in the languages of our customers.
QUOTE_BEGINS = re.compile(
    r"^\s*(?:>|-{2,}\s*(?:Original Message|Forwarded message|原始邮件|转发邮件|回复的原邮件)|_{10,}\s*$"
    r"|On .{4,200} wrote:|在.{4,200}写道[:：]|.{0,80}于.{4,120}写道[:：]|(?:From|发件人)[:：]\s*\S.*)",
    re.IGNORECASE,
)
BROKEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
BLOCKS = ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "pre")


def clean(text, longest=None):
    """:return: ``text`` without what a database or a page cannot bear: control characters, halves of pairs

    >>> clean("a\\x00b\\ud800c")
    'abc'
    """
    text = BROKEN.sub("", text or "")
    return text[:longest] if longest else text


def digest(content):
    """:param bytes content: e.g. a whole mail
    :return: what tells it from any other, in 64 characters
    """
    return hashlib.sha256(content).hexdigest()


def header(message, name):
    """:return: the raw value of a header, "" when it is missing; read by hand, for a malformed one
    makes the library fail
    """
    for key, value in message.raw_items():
        if key.lower() == name.lower():
            return clean(str(value), LONGEST_HEADER).strip()
    return ""


def is_automatic(message):
    """Whether no person sent this mail: answers of machines, lists, bounces.

    :param message: ``email.message.EmailMessage``
    """
    auto_submitted = header(message, "Auto-Submitted").lower()
    if auto_submitted and not auto_submitted.startswith("no"):
        return True
    if header(message, "X-Auto-Response-Suppress") or any(header(message, name) for name in AUTO_REPLY_HEADERS):
        return True
    if header(message, "Precedence").lower() in AUTOMATIC_PRECEDENCE:
        return True
    return header(message, "Return-Path").replace(" ", "") == "<>"


def own_words(body):
    """:param str body: HTML of a mail
    :return: text of what the sender wrote, without what they quote and sign

    >>> own_words("<p>It is still broken</p><blockquote>Please accept</blockquote>")
    'It is still broken'
    >>> own_words("<pre>Thanks!\\n\\nOn Monday, Ann wrote:\\n> it is not bad</pre>")
    'Thanks!'
    """
    if not (body or "").strip():
        return ""
    try:
        root = html.fromstring(f"<div>{clean(body)}</div>")
    except (ValueError, html.etree.LxmlError):
        return ""
    quoted = "//*[@data-o-mail-quote or self::blockquote or self::style or self::script or self::head]"
    for node in root.xpath(quoted):
        if node.getparent() is not None:
            node.drop_tree()
    for node in root.iter(*BLOCKS):
        node.tail = "\n" + (node.tail or "")
    lines = []
    for line in root.text_content().splitlines():
        if QUOTE_BEGINS.match(line):
            break
        lines.append(line.strip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
