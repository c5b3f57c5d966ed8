from odoo.http import Controller, request, route

from . import ticket_door as door

PATH = "/ticket/answer/<int:ticket_id>/<string:token>"


class TicketAnswer(Controller):
    """The answer page: the one place where a ticket is closed, by its customer (C14, C15, X8).

    The token in the address is the right. Reading the page changes nothing, so that scanners and
    previews may fetch it; accepting and rejecting is a POST.
    """

    @route(PATH, type="http", auth="public", website=True, methods=["GET"], multilang=False, sitemap=False)
    def answer(self, ticket_id, token, **_kwargs):
        ticket = door.ticket(ticket_id)
        answer, state = ticket._answer_of(token) if ticket else (None, "gone")
        if state == "gone":
            return door.nowhere()
        door.speak(ticket._customer_lang())
        if state == "done":
            return door.page("crm_procedure.ticket_decided", {"ticket": ticket, "answer": answer})
        return door.page("crm_procedure.ticket_answer", self._values(ticket, answer, token))

    @route(PATH, type="http", auth="public", website=True, methods=["POST"], multilang=False, sitemap=False)
    def decide(self, ticket_id, token, decision=None, sure=None, **told):
        """:param str decision: ``accept`` or ``reject``
        :param told: rating, rating_handling, comment
        """
        ticket = door.ticket(ticket_id)
        if not ticket or decision not in ("accept", "reject") or request.env.user._is_internal():
            return door.nowhere()
        told = {name: told.get(name) for name in ("rating", "rating_handling", "comment")}
        channel = "portal" if ticket._is_customer(request.env.user) else "link"
        if decision == "accept":
            result = ticket._customer_accept(token, sure=bool(sure), channel=channel, **told)
        else:
            result = ticket._customer_reject(token, channel=channel, **told)
        if result in ("unknown", "expired"):
            return door.nowhere()
        if result == "ask":
            door.speak(ticket._customer_lang())
            answer, _state = ticket._answer_of(token)
            return door.page("crm_procedure.ticket_answer", self._values(ticket, answer, token, ask=True, **told))
        # decided, or a second click: the page of the same address says what came of it
        return request.redirect(f"/ticket/answer/{ticket.id}/{token}", code=303)

    def _values(self, ticket, answer, token, **told):
        return {"ticket": ticket, "answer": answer, "token": token, "told": told, "ask": told.get("ask")}
