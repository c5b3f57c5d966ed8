from datetime import timedelta
from operator import itemgetter

from odoo import api, fields, models

TAKING_OVER = object()  # in the context, by identity: nobody is written to for what happened long ago
CHECKED = timedelta(days=40)  # from being done to being found effective


class ProcedureReview(models.Model):
    """Reviews with a past: held before this system was there, and of the demonstration data.

    On the server only. Number, agenda, figures and decisions are made as for all others; who
    signed, and when, is put in.
    """

    _inherit = "crm.procedure.review"

    @api.model
    def _take_over(self, rows):
        """Make reviews as they were held, in the order in which they were opened.

        :param rows: list of dicts: ``values`` (kind, date_from, date_to …); moments (naive UTC)
            ``opened``, ``held``, ``approved`` (those not given have not come yet); ``conclusions``:
            {source, or name of a topic: text}; ``rest``: conclusion of the others; ``summary``;
            ``changes``: names of topics that change the procedure; ``submitter`` and ``approver``, ids of
            users; ``decisions``: list of {topic: source or name, user, subject, kind, due, done, result},
            ``due`` and ``done`` in days after the opening, 0 for not done yet; ``topics``: list of
            {user, name, description}
        :return: the reviews
        """
        taken = self.browse()
        for row in sorted(rows, key=itemgetter("opened")):
            self._finish_actions(taken, row["opened"])
            review = self.with_context(
                procedure_take_over=(TAKING_OVER, row["opened"]),
                ir_sequence_date=row["opened"].date().isoformat(),
                mail_auto_subscribe_no_notify=True,
                tracking_disable=True,
            ).create(row["values"])
            review._put_in_words(row)
            review._put_in_decisions(row)
            review._put_in_signatures(row)
            taken |= review.with_env(self.env)
        self._finish_actions(taken, fields.Datetime.now())
        return taken

    def _is_taken_over(self):
        taking = self.env.context.get("procedure_take_over")
        return isinstance(taking, tuple) and taking[0] is TAKING_OVER

    def _as_of(self):
        return self.env.context["procedure_take_over"][1] if self._is_taken_over() else super()._as_of()

    def _put_in_words(self, row):
        for topic in row.get("topics", ()):
            values = {"name": topic["name"], "description": topic.get("description"), "review_id": self.id}
            self.agenda_ids.create(
                {
                    **values,
                    "sequence": 1000,
                    "company_id": self.company_id.id,
                    "origin": "department",
                    "proposed_by_id": topic["user"],
                    "proposed_on": row["opened"],
                    "team_id": self.agenda_ids.with_user(topic["user"])._own_team(self.company_id).id,
                }
            )
        self.invalidate_recordset(["agenda_ids"])
        words = row.get("conclusions", {})
        for topic in self.agenda_ids:
            text = words.get(topic.source) or words.get(topic.name) or row.get("rest")
            if row.get("held") and text:
                topic.conclusion = text
            if topic.name in row.get("changes", ()):
                topic.changes_procedure = True
        self.summary = row.get("summary")

    def _put_in_decisions(self, row):
        actions = self.env["crm.procedure.action"].with_context(procedure_take_over=None, mail_notrack=True)
        for decision in row.get("decisions", ()):
            key = decision["topic"]
            topic = self.agenda_ids.filtered(lambda t, key=key: key in (t.source, t.name))[:1]
            action = actions.create(
                {
                    "subject": decision["subject"],
                    "kind": decision.get("kind", "improvement"),
                    "review_topic_id": topic.id,
                    "review_id": self.id,
                    "company_id": self.company_id.id,
                    "user_id": decision["user"],
                    "deadline": row["opened"] + timedelta(days=decision["due"], hours=9),
                }
            )
            if decision.get("done"):
                action.activity_ids.unlink()  # nobody is reminded of what was done long ago
                done = row["opened"] + timedelta(days=decision["done"])
                action.write({"result": decision["result"], "check_date": done})

    def _put_in_signatures(self, row):
        values = {"invited_on": row["opened"]}
        if row.get("held"):
            values["date"] = row["held"].date()
            values["decisions"] = [self._decision_row(action) for action in self.action_ids.sorted("id")]
            values |= {"state": "submitted", "submitted_by_id": row["submitter"], "submitted_on": row["held"]}
        if row.get("approved"):
            values |= {"state": "approved", "approved_by_id": row["approver"], "approved_on": row["approved"]}
            for topic in self.agenda_ids.filtered("proposed_by_id"):
                topic.write({"reply": topic._answer_text(), "replied_by_id": self.user_id.id})
                topic.replied_on = row["approved"]
        self.write(values)
        self.message_ids.write({"date": row["opened"]})

    @api.model
    def _finish_actions(self, reviews, moment):
        """What was decided earlier and done by ``moment``; found effective when that is some weeks ago."""
        for action in reviews.action_ids.filtered("check_date"):
            done = fields.Datetime.to_datetime(action.check_date)
            checked = done + CHECKED
            if action.state == "open" and done <= moment:
                action._set_state("done", date_done=done, done_by_id=action.user_id.id)
            if action.state == "done" and checked <= moment:
                checker = action.review_id.approved_by_id
                action._set_state("effective", verified_by_id=checker.id, date_verified=checked)
