from odoo import fields, models


class ProcedureReview(models.Model):
    """What a review ends with: signed decisions, proposers answered, the procedure revised (A1, A2, A6)."""

    _inherit = "crm.procedure.review"

    def action_submit(self):
        """Hand the minutes to management; the decisions are put on record as they are at that moment."""
        result = super().action_submit()
        for review in self.sudo():  # the power was checked by super
            review.decisions = [review._decision_row(action) for action in review.action_ids.sorted("id")]
        self.sudo().activity_feedback(["crm_procedure.mail_activity_type_review"])  # what was asked for is done
        return result

    def _decision_row(self, action):
        """:return: dict of a decision as management signs it; whatever becomes of the action later"""
        return {
            "id": action.id,
            "name": action.name,
            "subject": action.subject,
            "kind": action.kind,
            "owner": action.user_id.name or action.team_id.name or "",
            "deadline": action.deadline and fields.Datetime.to_string(action.deadline),
            "topic": action.review_topic_id.name or "",
        }

    def _on_approved(self):
        super()._on_approved()
        for review in self.sudo():  # management approved; telling people is the system's part
            review._answer_proposers()
            review._ask_revision()

    def _answer_proposers(self):
        for topic in self.agenda_ids.filtered(lambda t: t.proposed_by_id and not t.replied_on):
            text = topic._answer_text()
            topic.write({"reply": text, "replied_by_id": self.user_id.id, "replied_on": fields.Datetime.now()})
            topic._tell_proposer(text)

    def _ask_revision(self):
        """A decision that changes the procedure goes to quality management (A2)."""
        topics = self.agenda_ids.filtered("changes_procedure")
        if not topics:
            return
        team = self.env["crm.procedure.team"]._with_duty("quality", self.company_id)
        users = team.leader_id or self.env["res.users"].search_procedure_role("quality", self.company_id)[:1]
        for user in users:
            own = self.with_context(lang=user.lang)
            own.activity_schedule(
                "crm_procedure.mail_activity_type_revise",
                user_id=user.id,
                summary=own.env._("Revise the procedure: %(topics)s", topics=", ".join(topics.mapped("name"))),
                note="\n".join(filter(None, topics.mapped("conclusion"))),
            )


class ProcedureReviewTopic(models.Model):
    _inherit = "crm.procedure.review.topic"

    def _answer_text(self):
        """:return: what the meeting made of the topic, with what is done about it, for the proposer"""
        self.ensure_one()
        env = self.with_context(lang=self.proposed_by_id.lang).env
        text = env._("%(review)s: %(conclusion)s", review=self.review_id.name, conclusion=self.conclusion or "–")
        if self.action_ids:
            what = env._(", ").join(self.action_ids.mapped("display_name"))
            text += "\n" + env._("What is done about it: %(actions)s", actions=what)
        return text
