from odoo.http import Controller, request, route

from odoo.addons.survey.controllers.main import Survey


class ProcedureSurvey(Survey):
    """Whose hand may fill in the questionnaire of a campaign: the link is the right, ours only on the telephone."""

    def _check_validity(self, survey_sudo, answer_sudo, answer_token, ensure_token=True, check_partner=True):
        asked = answer_sudo and answer_sudo.campaign_id
        if asked and check_partner and answer_sudo._procedure_refuses(request.env.user):
            return "answer_wrong_user"
        return super()._check_validity(
            survey_sudo, answer_sudo, answer_token, ensure_token=ensure_token, check_partner=check_partner and not asked
        )


class SurveyStop(Controller):
    """“Do not ask me again”, the link in every mail. A GET changes nothing: scanners follow links."""

    @route(
        "/crm_procedure/survey/<int:participant_id>/stop/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
    )
    def stop(self, participant_id, token, **_kwargs):
        """:param token: of ``_procedure_stop_token``; a wrong one and a missing participant answer alike"""
        done = False
        if request.httprequest.method == "POST":
            done = request.env["survey.user_input"].browse(participant_id)._procedure_stop(token)
        return request.render("crm_procedure.survey_stop", {"done": done, "sent": request.httprequest.method == "POST"})
