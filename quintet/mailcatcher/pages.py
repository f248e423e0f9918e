"""The catcher's pages: HTML in which nothing of a mail is trusted."""

import re
from email.message import EmailMessage
from html import escape

from quintet.mailcatcher.mailbox import Summary, part_of

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
PART_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
)
STYLE = """
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: #1c2330; }
table { width: 100%; border-collapse: collapse; }
td, th { padding: .4rem; text-align: left; border-bottom: 1px solid #ddd; }
pre { white-space: pre-wrap; background: #f4f5f7; padding: 1rem; }
iframe { width: 100%; height: 32rem; border: 1px solid #ddd; }
"""
_LINK = re.compile(r"https?://[^\s<>\"]+")


def list_page(mails: list[Summary]) -> str:
    """All mails, newest first."""
    rows = "".join(
        f"<tr><td>{escape(one.received_at[:19])}</td><td>{escape(', '.join(one.to))}</td>"
        f'<td><a href="/mails/{one.id}">{escape(one.subject or "(no subject)")}</a></td></tr>'
        for one in mails
    )
    table = f"<table><tr><th>Received (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>"
    return _page("Caught mails", table if mails else "<p>No mail yet.</p>")


def mail_page(mail_id: str, mail: EmailMessage) -> str:
    """One mail: its headers, its text, and its HTML in a frame that may do nothing but show it."""
    headers = "".join(f"<tr><th>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in mail.items())
    text, html = part_of(mail, "plain"), part_of(mail, "html")
    shown = f"<table>{headers}</table>"
    if text is not None:
        shown += f"<h2>Text</h2><pre>{_with_links(text)}</pre>"
    if html is not None:
        sandbox = "allow-popups allow-popups-to-escape-sandbox"
        shown += f'<h2>HTML</h2><iframe sandbox="{sandbox}" src="/mails/{mail_id}/html"></iframe>'
    back = f'<p><a href="/">All mails</a> · <a href="/mails/{mail_id}/raw">As it came</a></p>'
    return _page(str(mail["Subject"] or "(no subject)"), back + shown)


def html_part(mail: EmailMessage) -> str:
    """The mail's own HTML, whose links open outside of the frame."""
    return '<base target="_blank">' + (part_of(mail, "html") or "")


def _with_links(text: str) -> str:
    """The text escaped, its addresses as links."""
    shown, at = [], 0
    for link in _LINK.finditer(text):
        url = escape(link[0])
        shown.append(escape(text[at : link.start()]))
        shown.append(f'<a href="{url}" target="_blank" rel="noreferrer">{url}</a>')
        at = link.end()
    return "".join(shown) + escape(text[at:])


def _page(title: str, content: str) -> str:
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f"{head}<h1>{escape(title)}</h1>{content}</html>"
