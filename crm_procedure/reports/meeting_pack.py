from odoo import api, fields, models
from odoo.tools import format_date, format_datetime, osutil

from .book import Column, Head
from .sheets import Sheets

MOST = 50_000  # records of a list in a pack: some five seconds of work; the list itself has them all


class MeetingPack(models.AbstractModel):
    """One workbook for a meeting: cover, contents, and the sheets of all workbooks that have a
    ``_place`` in it (A1, A4, A7; ISO 9001 9.3.2).

    Figures are those that the review froze; lists of records say as of when they are.
    """

    _name = "crm.procedure.meeting.pack"
    _description = "Meeting Pack"
    _inherit = ["crm.procedure.controlled.form"]

    _code = "meeting_pack"

    @api.model
    def _sheets(self):
        """:return: names of the models of the sheets, in their order"""
        places = [
            (self.env[name]._place, name) for name in self.env.registry if name.startswith("crm.procedure.workbook.")
        ]
        return [name for place, name in sorted(places, key=lambda row: row[0] or 0) if place is not None]

    @api.model
    def _write(self, target, review, told=None):
        """Write the pack of a review.

        :param target: binary file
        :param review: in the company, language and time zone of the pack, with the rights to read its records
        :param told: is called after each sheet with the number of sheets that are done
        :return: number of records that stand on its lists
        """
        figures, listed, contents = review.figures or {}, 0, []
        identity = self._identity(self._code, self.env._("Meeting Pack"), review.company_id, review.procedure_id)
        with Sheets(target, self._head(identity, review, identity["title"])) as book:
            cover = book.add(self.env._("Contents"), "#1F4E79")
            book.back = (cover.name, self.env._("Back to the contents"))
            for number, name in enumerate(self._sheets(), start=1):
                workbook, before = self.env[name], len(book.names)
                listed += self._add(book, identity, workbook, review, figures)
                contents.append((workbook, book.names[before]))
                if told:
                    told(number)
            self._write_cover(cover, identity, review, contents)
        return listed

    def _add(self, book, identity, workbook, review, figures):
        """:return: number of records that stand on a list of ``workbook``"""
        records = workbook._pack_records(review)
        total, records = len(records), records[:MOST]
        title = workbook._identity(workbook._code, workbook._title(), review.company_id, review.procedure_id)["title"]
        frozen = hasattr(workbook, "_frozen")
        book.head = self._head(identity, review, title, frozen, total)
        if frozen or records:
            workbook._fill(book, records, figures)
        else:
            book.add(title).text(workbook._no_data())
        return 0 if frozen else len(records)

    def _head(self, identity, review, title, frozen=True, total=0):
        env = self.env
        number = env._("Form No.: %(number)s", number=identity["number"])
        procedure = env._("Procedure: %(procedure)s", procedure=identity["procedure_text"])
        moment = format_datetime(env, review.frozen_on if frozen else fields.Datetime.now(), dt_format="short")
        as_of = env._("Figures of %(moment)s", moment=moment) if frozen else env._("As of %(moment)s", moment=moment)
        lines = [number, procedure, review.display_name, as_of]
        if total > MOST:
            lines.append(
                env._(
                    "The first %(shown)s of %(total)s records. The list in the system prints them all.",
                    shown=f"{MOST:,}",
                    total=f"{total:,}",
                )
            )
        footer = " · ".join([title, number, procedure])
        cut = env._("… [cut: %d more characters]")
        return Head(title, identity["company"].name, lines, footer, cut)

    # ------------------------------------------------------------
    # Cover
    # ------------------------------------------------------------

    def _write_cover(self, sheet, identity, review, contents):
        env = self.env
        sheet.table([Column(env._("Review"), width=34), Column(env._("Details"), width=60)], self._facts(review))
        sheet.heading(env._("Signatures"))
        sheet.table(
            [Column(env._("Signature")), Column(env._("Name"), width=30), Column(env._("Date"), width=20)],
            [[label, name or env._("not signed yet"), day] for label, name, day in self._signatures(review)],
        )
        sheet.heading(env._("Contents"))
        for workbook, name in contents:
            sheet.link(name, workbook._title())
        sheet.row += 1
        sheet.heading(env._("Agenda"))
        for place, topic in enumerate(review.agenda_ids, start=1):
            sheet.text(f"{place}. {topic.name}")

    def _facts(self, review):
        env = self.env
        names = env._(", ").join(review.attendee_ids.mapped("name"))
        return [
            [env._("Review"), review.display_name],
            [env._("Period"), f"{format_date(env, review.date_from)} – {format_date(env, review.date_to)}"],
            [env._("Meeting"), format_date(env, review.date) if review.date else ""],
            [env._("Chair"), review.user_id.name],
            [env._("Attendees"), names],
            [env._("State"), review._state_label()],
            [env._("Figures of"), format_datetime(env, review.frozen_on, dt_format="short")],
        ]

    def _signed(self, record):
        prepared, submitted, approved = super()._signed(record)
        return (record.prepared_by_id or prepared[0], prepared[1]), submitted, approved

    @api.model
    def _filename(self, review, number):
        """:param number: how many packs of the review there are already"""
        title = self._identity(self._code, self.env._("Meeting Pack"), review.company_id, review.procedure_id)["title"]
        again = f" ({number + 1})" if number else ""
        return osutil.clean_filename(f"{title} {review.name} {review.date_from} {review.date_to}{again}.xlsx")
