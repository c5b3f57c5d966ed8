from odoo import fields, models
from odoo.tools import format_date


class ReviewMinutes(models.AbstractModel):
    """The minutes on paper: who met, the figures, what was concluded and decided (A1, A4, A5, ISO 9001 9.3.3)."""

    _name = "report.crm_procedure.review_minutes"
    _description = "Review Minutes"
    _inherit = ["crm.procedure.printed.form"]

    _code = "review_minutes"
    _model = "crm.procedure.review"

    def _title(self):
        return self.env._("Review Minutes")

    def _content(self, record):
        return {
            "facts": self._facts(record),
            "summary": record.summary,
            "topics": [self._topic(topic, place) for place, topic in enumerate(record.agenda_ids, start=1)],
            "decisions": self._decisions(record),
            "as_of": self._text(record, "frozen_on"),
        }

    def _facts(self, record):
        names = ", ".join(record.attendee_ids.sudo().mapped("name"))  # who met stands in the minutes
        rows = [
            (self.env._("Review"), record.display_name),
            (
                self.env._("Period"),
                f"{format_date(self.env, record.date_from)} – {format_date(self.env, record.date_to)}",
            ),
            (self.env._("Meeting"), format_date(self.env, record.date) if record.date else ""),
            (self.env._("Chair"), record.user_id.sudo().name or ""),
            (self.env._("Attendees"), names),
            (self.env._("State"), record._state_label()),
        ]
        if record.changed_procedure_id:
            rows.append((self.env._("Because of"), record.changed_procedure_id.sudo().display_name))
        if record.missed:
            rows.append((self.env._("Periods without a review"), record.missed))
        return rows

    def _topic(self, topic, place):
        proposed = topic.proposed_by_id.sudo().name
        return {
            "title": f"{place}. {topic.name}",
            "proposed": proposed and self.env._("Proposed by %(user)s", user=proposed),
            "description": topic.description or "",
            "summary": topic.summary or "",
            "blocks": topic.review_id._section_blocks(topic.source) if topic.source else [],
            "conclusion": topic.conclusion or "",
            "changes": topic.changes_procedure,
        }

    def _decisions(self, record):
        """As they were signed; a draft shows them as they are."""
        rows = record.decisions
        if rows is None or record.state == "draft":
            rows = [record._decision_row(action) for action in record.sudo().action_ids.sorted("id")]
        labels = [self.env._("Number"), self.env._("What is to be done"), self.env._("Topic")]
        labels += [self.env._("Owner"), self.env._("Due on")]
        lines = [
            [
                row["name"],
                row["subject"],
                row["topic"],
                row["owner"],
                self._day(fields.Datetime.to_datetime(row["deadline"])) if row["deadline"] else "",
            ]
            for row in rows
        ]
        return {"labels": labels, "lines": lines}

    def _signed(self, record):
        prepared, submitted, approved = super()._signed(record)
        return (record.prepared_by_id or prepared[0], prepared[1]), submitted, approved
