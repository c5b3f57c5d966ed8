from datetime import timedelta

from odoo import Command, api, models

TAKING_OVER = object()  # in the context, by identity: no mail goes out for what happened long ago
PART_DAYS = timedelta(days=3)
MOMENTS = ("reported", "accepted", "part_from", "part_to", "answered", "decided")


class ProcedureTicket(models.Model):
    """Tickets with a past: from an older system, and of the demonstration data.

    On the server only. They go through the same acts as all others, the customer's decision
    through the token of the answer; then the days on which it happened are put in.
    """

    _inherit = "crm.procedure.ticket"

    @api.model
    def _take_over(self, rows):
        """Make tickets with their past. Moments that are not given have not come yet.

        :param rows: list of dicts: ``values`` of the report; ``user`` and ``service``, ids of who
            reported and who handled; moments ``reported``, ``accepted``, ``answered``, ``decided``
            (naive UTC); ``triage``, values of customer service; ``part``, values of a department's
            part, with ``part_from`` and ``part_to``; ``solution``; ``outcome`` (``accepted``,
            ``rejected``, ``silent``); ``rating``, ``handling``, ``comment``; ``cause``, values
        :return: the tickets
        """
        tickets = self.browse()
        for row in rows:
            ticket = self.with_context(procedure_take_over=TAKING_OVER)._take_over_one(row)
            ticket._put_in_moments(row)
            tickets |= self.browse(ticket.id)
        tickets._recompute_deadlines()
        return tickets

    @api.model
    def _take_over_one(self, row):
        ticket = self.with_user(row["user"]).sudo(False).create(row["values"])
        if not row.get("accepted"):
            return ticket.sudo()
        day = row["accepted"].date().isoformat()
        service = ticket.with_user(row["service"]).with_context(ir_sequence_date=day)
        service.action_accept()
        service.write({**row.get("triage", {}), **({"solution": row["solution"]} if row.get("solution") else {})})
        if row.get("part"):
            values = {"ticket_id": ticket.id, **row["part"]}
            if row.get("part_from"):
                values["deadline"] = row["part_from"] + PART_DAYS
            # nobody is asked any more to do what is done
            actions = service.env["crm.procedure.action"].with_context(
                mail_activity_automation_skip=bool(row.get("part_to"))
            )
            part = actions.create(values)
            if row.get("part_to"):
                part.sudo()._set_state(
                    "done", date_done=row["part_to"], done_by_id=part.user_id.id or part.team_id.leader_id.id
                )
        if row.get("answered"):
            if service.needs_approval:
                service.action_ask_approval()
                service.with_user(row["manager"]).action_approve_solution()
            service.action_answer()
        if row.get("outcome"):
            ticket._take_over_decision(row)
        if row.get("cause"):
            ticket.sudo().write(row["cause"])  # who found it is not told
        return ticket.sudo()

    def _take_over_decision(self, row):
        token, comment = self._answer_token(), row.get("comment")
        if row["outcome"] == "accepted":
            self._customer_accept(token, row.get("rating"), row.get("handling"), comment, sure=True)
        elif row["outcome"] == "rejected":
            self._customer_reject(token, comment, row.get("rating"), row.get("handling"))
        elif row["outcome"] == "silent":
            self.with_user(row["manager"]).action_close_unconfirmed(comment)

    def _put_in_moments(self, row):
        """The days on which it happened, in the ticket, the books of custody and the messages."""
        self.ensure_one()
        ended = self.state in ("closed", "unconfirmed")
        self.write(
            {
                "date_reported": row["reported"],
                "date_accepted": row.get("accepted"),
                "date_acknowledged": row.get("accepted"),
                "date_first_answer": row.get("answered"),
                "date_answered": row.get("answered"),
                "date_closed": row.get("decided") if ended else False,
            }
        )
        if self.round_ids:
            self.round_ids.write(
                {
                    "answered_on": row["answered"],
                    "decided_on": row.get("decided"),
                    "link_expires_on": row["answered"] + timedelta(days=42),
                    "remind_on": row["answered"] + timedelta(days=5) if self.state == "answered" else False,
                }
            )
        self.custody_ids = [Command.create(values) for values in self._custody_of(row)]
        self._date_messages(row)

    def _custody_of(self, row):
        """:return: list of values: the periods between the moments that are given"""
        team = self.team_id.id
        turns = [("service", team, 1, row["reported"])]
        if row.get("part_from"):
            turns.append(("department", row["part"]["team_id"], 1, row["part_from"]))
        if row.get("part_to"):
            turns.append(("service", team, 1, row["part_to"]))
        if row.get("answered"):
            turns.append(("customer", False, 1, row["answered"]))
        if self.round > 1:
            turns.append(("service", team, 2, row["decided"]))
        ends = [turn[-1] for turn in turns[1:]]
        ends.append(row.get("decided") if self.state in ("closed", "unconfirmed") else False)
        return [
            {"holder": holder, "team_id": team, "round": number, "date_from": start, "date_to": end}
            for (holder, team, number, start), end in zip(turns, ends, strict=True)
        ]

    def _date_messages(self, row):
        moments = [row[name] for name in MOMENTS if row.get(name)]
        for index, message in enumerate(self.message_ids.sorted("id")):
            message.date = moments[min(index, len(moments) - 1)]

    def _is_taken_over(self):
        return self.env.context.get("procedure_take_over") is TAKING_OVER

    def _mail_customer(self, template_xmlid, **context):
        if self._is_taken_over():
            return self.env["mail.mail"]
        return super()._mail_customer(template_xmlid, **context)

    def _sync_custody(self, fresh=False):
        """The books of custody are written once, with the days on which it happened."""
        if not self._is_taken_over():
            super()._sync_custody(fresh)

    def _recompute_deadlines(self, times=None):
        """Of all that are taken over together, at the end."""
        if not self._is_taken_over():
            super()._recompute_deadlines(times)
