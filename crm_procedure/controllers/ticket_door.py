"""What the doors to the outside share: pages that no scanner, frame or cache may use, and files."""

from odoo.http import request

from ..tools.mail_words import clean

TICKET = "crm.procedure.ticket"
LARGEST_ID = 2**31 - 1  # of the database
FILES = 5
FILE_BYTES = 10 * 1024 * 1024
REQUEST_BYTES = 25 * 1024 * 1024
SECRET_PAGE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
}


def page(template, values=None, status=200):
    """:return: a page that is neither kept, indexed nor framed"""
    response = request.render(template, values or {}, status=status)
    response.headers.update(SECRET_PAGE)
    return response


def nowhere():
    """Foreign, missing, wrong and old addresses: one page for all of them."""
    return page("crm_procedure.ticket_nowhere", status=404)


def ticket(ticket_id):
    """:return: the ticket as superuser, perhaps missing; what the visitor may do is for the caller to find out"""
    return request.env[TICKET].sudo().browse(ticket_id if 0 < ticket_id <= LARGEST_ID else ()).exists()


def speak(lang):
    """The page in the customer's language, whatever the browser's is."""
    if lang:
        request.update_context(lang=lang)


def visitor():
    """:return: the computer that knocks"""
    return request.httprequest.remote_addr or "?"


def files():
    """:return: the uploaded files, list of (name, bytes), or None when there are too many or too large ones"""
    uploaded = [file for file in request.httprequest.files.getlist("files") if file.filename]
    if len(uploaded) > FILES:
        return None
    result = [(clean(file.filename, 150) or "file", file.read(FILE_BYTES + 1)) for file in uploaded]
    return None if any(len(content) > FILE_BYTES for _name, content in result) else result
