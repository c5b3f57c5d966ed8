from . import (
    test_action,
    test_benefits,
    test_care_cost,
    test_care_tour,
    test_campaign,
    test_campaign_delivery,
    test_campaign_figures,
    test_campaign_report,
    test_campaign_send,
    test_campaign_tour,
    test_change,
    test_care_reports,
    test_care_tours,
    test_communication,
    test_communication_links,
    test_clause_board,
    test_clock,
    test_contact_plans,
    test_contacts_daily,
    test_customer_file,
    test_customer_import,
    test_demo,
    test_estimates,
    test_export_log,
    test_figures,
    test_grading,
    test_grading_apply,
    test_greetings,
    test_i18n,
    test_own_customers,
    test_invoice_loader,
    test_plan,
    test_powers,
    test_procedure,
    test_quiet,
    test_records,
    test_retention,
    test_review,
    test_review_figures,
    test_review_minutes,
    test_review_topics,
    test_review_tour,
    test_scoring,
    test_ticket,
    test_ticket_cause,
    test_ticket_clock,
    test_ticket_closure,
    test_ticket_escalation,
    test_ticket_tours,
    test_ticket_triage,
    test_status,
    test_tours,
    test_working_days,
)
from . import test_ticket_mail
from . import test_ticket_mail_bad
from . import test_ticket_answer
from . import test_ticket_portal
from . import test_ticket_form
from . import test_ticket_doors
from . import test_indicator
from . import test_indicator_values
from . import test_indicator_board
from . import test_indicator_shipped
from . import test_row_writer
from . import test_pack_sheets
from . import test_staff_figure
from . import test_digest
from . import test_review_pack
