import time
import uuid

from odoo.http import Controller, request, route
from odoo.tools import consteq, email_normalize, hmac

from ..models.ticket import KINDS
from ..tools.mail_words import clean
from . import ticket_door as door

SECONDS_TO_FILL_IN = 2  # whoever is faster is no person
HOURS_OF_A_PAGE = 24
REPORTS_PER_HOUR = 10  # of one visitor
REPORTS_PER_ADDRESS = 5  # an hour, of one address given
BOX, FORM = "box", "web"
PUBLIC = {"type": "http", "auth": "public", "website": True}
FORM_PATHS = ["/ticket/new", "/ticket/new/<int:company_id>"]
BOX_PATHS = ["/ticket/box", "/ticket/box/<int:company_id>"]


class TicketForm(Controller):
    """The public form and the suggestion box: no account needed (C2, C3).

    Whatever is suspicious has the same answer, which tells no robot what gave it away and no
    person that something was taken that was not.
    """

    @route(FORM_PATHS, methods=["GET"], **PUBLIC)
    def form(self, company_id=None, **_kwargs):
        return self._page(FORM, company_id)

    @route(BOX_PATHS, methods=["GET"], **PUBLIC)
    def box(self, company_id=None, **_kwargs):
        return self._page(BOX, company_id)

    @route(
        FORM_PATHS,
        methods=["POST"],
        max_content_length=door.REQUEST_BYTES,
        **PUBLIC,
    )
    def report(self, company_id=None, **told):
        return self._take(FORM, company_id, told)

    @route(
        BOX_PATHS,
        methods=["POST"],
        max_content_length=door.REQUEST_BYTES,
        **PUBLIC,
    )
    def suggest(self, company_id=None, **told):
        return self._take(BOX, company_id, told)

    @route("/ticket/thanks", methods=["GET"], sitemap=False, **PUBLIC)
    def thanks(self, **_kwargs):
        number = request.session.get("procedure_ticket")
        if not number:
            return door.nowhere()
        return door.page("crm_procedure.ticket_thanks", {"number": number})

    # ------------------------------------------------------------
    # What happens
    # ------------------------------------------------------------

    def _page(self, channel, company_id, told=None, errors=()):
        company = self._company(channel, company_id)
        if not company:
            return door.nowhere()
        kinds = request.env[door.TICKET]._fields["kind"]._description_selection(request.env)
        values = {
            "company": company,
            "is_box": channel == BOX,
            "kinds": kinds,
            "told": told or {},
            "errors": errors,
            "stamp": self._stamp(),
            "path": request.httprequest.path,
        }
        return door.page("crm_procedure.ticket_form", values)

    def _company(self, channel, company_id):
        """:return: the company whose door this is, as superuser, or none when it is shut"""
        companies = request.env["res.company"].sudo()  # a door that is open to everybody
        if company_id is None:
            company = companies.browse(request.env.company.id)
        else:
            company = companies.browse(company_id if company_id <= door.LARGEST_ID else ()).exists()
        opened = company.procedure_suggestion_box if channel == BOX else company.procedure_public_form
        return company if opened else companies.browse()

    def _take(self, channel, company_id, told):
        company = self._company(channel, company_id)
        if not company:
            return door.nowhere()
        knocks = request.env["crm.procedure.ticket.knock"].sudo()  # books of the system
        stamp, key = self._read_stamp(told.get("stamp"))
        source = door.visitor()
        knock = knocks._note("form", source, key)
        if stamp and not knock:  # the second click
            return request.redirect("/ticket/thanks", code=303)
        email = (email_normalize(clean(told.get("email"), 254)) or "") if channel == FORM else ""
        if (
            not stamp
            or (told.get("website") or "").strip()  # a field that no person sees
            or knocks._count("form", source, hours=1) > REPORTS_PER_HOUR
            or (email and not knocks._note("form", email))
            or (email and knocks._count("form", email, hours=1) > REPORTS_PER_ADDRESS)
        ):
            return door.page("crm_procedure.ticket_refused", {"company": company}, status=400)
        names = ("name", "phone", "subject", "description")
        words = {name: clean(told.get(name), 20_000).strip() for name in names}
        given = door.files()
        errors = self._errors(channel, words, told.get("email"), email, given)
        if errors:
            words |= {"kind": told.get("kind"), "email": told.get("email")}
            return self._page(channel, company_id, words, errors)
        ticket = self._intake(channel, company, words, told.get("kind"), email, given)
        knock.ticket_id = ticket
        request.session["procedure_ticket"] = ticket.name
        return request.redirect("/ticket/thanks", code=303)

    def _errors(self, channel, words, typed, email, given):
        errors = []
        if not (words["subject"] or words["description"]):
            errors.append(request.env._("Say what happened."))
        if channel == FORM and (typed or "").strip() and not email:
            errors.append(request.env._("This is no mail address: %(email)s", email=clean(typed, 100)))
        if channel == FORM and not (email or words["phone"]):
            errors.append(request.env._("Give a mail address or a telephone number, so that we can answer."))
        if given is None:
            errors.append(request.env._("Attach at most 5 files of 10 MB each."))
        return errors

    def _intake(self, channel, company, words, kind, email, given):
        tickets = request.env[door.TICKET].with_company(company)
        subject = words["subject"] or words["description"].splitlines()[0]
        values = {
            "subject": subject,
            "description": words["description"],
            "kind": kind if kind in dict(KINDS) else ("suggestion" if channel == BOX else "complaint"),
        }
        if channel == BOX:
            values["is_anonymous"] = True
        else:
            sender = tickets._sender(f"<{email}>" if email else "")
            values |= {"phone": words["phone"][:50], "partner_name": words["name"][:200] or email}
            values["email_from"] = sender["email_from"]
        ticket = tickets._intake(values, channel=channel, company_id=company.id)
        ticket._customer_post("", given)
        ticket._send_receipt()
        return ticket

    # ------------------------------------------------------------
    # The stamp of a page: that it was fetched here, when, and that it is used once
    # ------------------------------------------------------------

    def _stamp(self):
        text = f"{uuid.uuid4().hex}.{int(time.time())}"
        return f"{text}.{self._sign(text)}"

    def _sign(self, text):
        return hmac(request.env(su=True), "crm_procedure-form", text)  # the key of the database

    def _read_stamp(self, stamp):
        """:return: whether it is good, and its number, which is taken once"""
        text, _dot, signature = (stamp or "").rpartition(".")
        number, _dot, moment = text.partition(".")
        if not consteq(self._sign(text).encode(), signature.encode(errors="replace")):
            return False, None
        age = time.time() - int(moment)
        return SECONDS_TO_FILL_IN <= age <= HOURS_OF_A_PAGE * 3600, number
