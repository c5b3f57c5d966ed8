from odoo import http
from odoo.exceptions import AccessError, MissingError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.portal.controllers.portal import CustomerPortal, pager

from ..models.ticket import KINDS, OPEN, REMEDIES
from ..tools.mail_words import clean
from . import ticket_door as door

TICKETS = "/my/tickets"


class TicketPortal(CustomerPortal):
    """Tickets of a customer with a login (C2, C13)."""

    _tickets_per_page = 20

    # ------------------------------------------------------------
    # Home and list
    # ------------------------------------------------------------

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "ticket_count" in counters:
            values["ticket_count"] = self._tickets().search_count(self._domain())
        return values

    def _tickets(self):
        return request.env[door.TICKET].sudo()  # customers have no right to the model: see _domain

    def _domain(self):
        return request.env[door.TICKET]._domain_of_customer(request.env.user)

    def _ticket_sortings(self):
        return {
            "date": {"label": request.env._("Newest"), "order": "date_reported desc, id desc"},
            "name": {"label": request.env._("Number"), "order": "name, id"},
            "state": {"label": request.env._("Status"), "order": "state, id desc"},
        }

    def _ticket_filters(self):
        return {
            "all": {"label": request.env._("Open and ended"), "domain": Domain.TRUE},
            "open": {"label": request.env._("Open"), "domain": Domain("state", "in", OPEN)},
            "mine": {"label": request.env._("Your turn"), "domain": Domain("state", "=", "answered")},
        }

    @http.route([TICKETS, TICKETS + "/page/<int:page>"], type="http", auth="user", website=True)
    def my_tickets(self, page=1, sortby=None, filterby=None, search=None, **_kwargs):
        sortings, filters = self._ticket_sortings(), self._ticket_filters()
        sortby = sortby if sortby in sortings else "date"
        filterby = filterby if filterby in filters else "all"
        search = clean(search, 100)
        domain = self._domain() & filters[filterby]["domain"]
        if search:
            domain &= Domain("name", "ilike", search) | Domain("subject", "ilike", search)
        tickets = self._tickets()
        pages = pager(
            url=TICKETS,
            url_args={"sortby": sortby, "filterby": filterby, "search": search},
            total=tickets.search_count(domain),
            page=page,
            step=self._tickets_per_page,
        )
        found = tickets.search(
            domain, order=sortings[sortby]["order"], limit=self._tickets_per_page, offset=pages["offset"]
        )
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "ticket",
            "default_url": TICKETS,
            "tickets": found,
            "pager": pages,
            "searchbar_sortings": sortings,
            "sortby": sortby,
            "searchbar_filters": filters,
            "filterby": filterby,
            "searchbar_inputs": {"all": {"input": "all", "label": request.env._("Search in number and subject")}},
            "search_in": "all",
            "search": search,
        }
        return request.render("crm_procedure.portal_tickets", values)

    # ------------------------------------------------------------
    # Report
    # ------------------------------------------------------------

    @http.route(TICKETS + "/new", type="http", auth="user", website=True, methods=["GET"])
    def new_ticket(self, **_kwargs):
        return self._new_ticket_page()

    @http.route(
        TICKETS + "/new",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        max_content_length=door.REQUEST_BYTES,
    )
    def create_ticket(self, **told):
        user = request.env.user
        if user._is_internal():
            return door.nowhere()  # colleagues report in the backend, and are no customers
        given = door.files()
        names = ("kind", "subject", "description", "remedy")
        told = {name: clean(told.get(name), 20_000).strip() for name in names}
        errors = []
        if not told["subject"]:
            errors.append(request.env._("Say in a few words what it is about."))
        if given is None:
            errors.append(request.env._("Attach at most 5 files of 10 MB each."))
        if errors:
            return self._new_ticket_page(told=told, errors=errors)
        partner = user.partner_id
        ticket = request.env[door.TICKET]._intake(
            {
                "subject": told["subject"],
                "description": told["description"],
                "kind": told["kind"] if told["kind"] in dict(KINDS) else "complaint",
                "remedy_wanted": told["remedy"] if told["remedy"] in dict(REMEDIES) else False,
            },
            channel="web",
            partner_id=partner.id,
            company_id=user.company_id.id,
        )
        ticket._customer_post("", given)
        ticket._send_receipt()
        return request.redirect(f"{TICKETS}/{ticket.id}?reported=1", code=303)

    def _new_ticket_page(self, **values):
        fields = request.env[door.TICKET]._fields
        return request.render(
            "crm_procedure.portal_ticket_new",
            {
                **self._prepare_portal_layout_values(),
                "page_name": "ticket_new",
                "kinds": fields["kind"]._description_selection(request.env),
                "remedies": fields["remedy_wanted"]._description_selection(request.env),
                "told": {},
                "errors": [],
                **values,
            },
        )

    # ------------------------------------------------------------
    # One ticket
    # ------------------------------------------------------------

    def _document_check_access(self, model_name, document_id, access_token=None):
        """Customers hold no right to read tickets; their own ones are shown by the pages below."""
        if model_name != door.TICKET:
            return super()._document_check_access(model_name, document_id, access_token=access_token)
        ticket = door.ticket(document_id)
        if ticket and ticket._is_customer(request.env.user):
            return ticket
        if not ticket:
            raise MissingError(request.env._("This document does not exist."))
        return super()._document_check_access(model_name, document_id, access_token=access_token)

    def _own_ticket(self, ticket_id, access_token):
        """:return: the ticket as superuser, or None for whoever may not see it"""
        token = access_token if isinstance(access_token, str) and access_token.isascii() else None
        try:
            return self._document_check_access(door.TICKET, ticket_id, access_token=token)
        except (AccessError, MissingError):
            return None

    @http.route(TICKETS + "/<int:ticket_id>", type="http", auth="public", website=True, methods=["GET"], sitemap=False)
    def my_ticket(self, ticket_id, access_token=None, reported=None, written=None, **_kwargs):
        ticket = self._own_ticket(ticket_id, access_token)
        if not ticket:
            return door.nowhere()
        customer = ticket._is_customer(request.env.user)
        if request.env.user._is_public():
            door.speak(ticket._customer_lang())
        ticket = ticket.with_context(lang=request.env.lang)
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "ticket",
            "ticket": ticket,
            "timeline": ticket._customer_timeline(),
            # the right to decide comes with the login or the mailed link, never with a look at the page
            "token": ticket._answer_token() if customer and ticket._decidable() else "",
            "answer": ticket._current_round(),
            "told": {},
            "ask": False,
            "may_write": not request.env.user._is_internal(),
            "access_token": access_token,
            "reported": reported,
            "written": written,
            "no_breadcrumbs": not customer,
        }
        return door.page("crm_procedure.portal_ticket", values)

    @http.route(
        TICKETS + "/<int:ticket_id>/write",
        type="http",
        auth="public",
        website=True,
        methods=["POST"],
        sitemap=False,
        max_content_length=door.REQUEST_BYTES,
    )
    def write_to_ticket(self, ticket_id, access_token=None, text="", **_kwargs):
        """The customer adds something."""
        ticket = self._own_ticket(ticket_id, access_token)
        knocks = request.env["crm.procedure.ticket.knock"].sudo()  # books of the system
        if not ticket or request.env.user._is_internal() or knocks._count("form", door.visitor(), minutes=10) > 20:
            return door.nowhere()
        knocks._note("form", door.visitor())
        ticket._customer_post(clean(text, 20_000).strip(), door.files() or [])
        token = f"&access_token={access_token}" if access_token else ""
        return request.redirect(f"{TICKETS}/{ticket.id}?written=1{token}", code=303)

    @http.route(
        TICKETS + "/<int:ticket_id>/file/<int:attachment_id>",
        type="http",
        auth="public",
        website=True,
        methods=["GET"],
        sitemap=False,
    )
    def file_of_ticket(self, ticket_id, attachment_id, access_token=None, **_kwargs):
        ticket = self._own_ticket(ticket_id, access_token)
        found = ticket and ticket._customer_attachments().filtered(lambda file: file.id == attachment_id)
        if not found:
            return door.nowhere()
        stream = request.env["ir.binary"]._get_stream_from(found)
        return stream.get_response(as_attachment=True)  # never shown by the browser: it is a stranger's file
