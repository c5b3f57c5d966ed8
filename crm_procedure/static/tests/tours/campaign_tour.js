import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openSurveys = () => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Satisfaction",
        trigger: "[data-menu-xmlid='crm_procedure.menu_surveys']",
        run: "click",
    },
    {
        content: "Surveys",
        trigger: "[data-menu-xmlid='crm_procedure.menu_campaigns']",
        run: "click",
    },
];

registry.category("web_tour.tours").add("crm_procedure_campaign_start", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openSurveys(),
        { content: "A new survey", trigger: ".o-kanban-button-new", run: "click" },
        { content: "It is filled in already", trigger: ".o_field_widget[name=survey_id] input:value(Satisfaction Questionnaire)" },
        { content: "Give it a name", trigger: ".o_field_widget[name=title] input", run: "edit Tour survey" },
        { content: "Draw the sample", trigger: "button[name=action_draw].btn-primary", run: "click" },
        { content: "It says how many", trigger: ".o_procedure_sample:contains(belong to the population)" },
        { content: "Start it", trigger: "button[name=action_send].btn-primary:not(.d-none)", run: "click" },
        { content: "Yes, write to them", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "It is running", trigger: ".o_arrow_button_current:contains(Running)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_campaign_report", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openSurveys(),
        { content: "Open it", trigger: ".o_kanban_record:contains(Tour survey)", run: "click" },
        { content: "End and analyse", trigger: "button[name=action_analyse]", run: "click" },
        { content: "Yes, end it", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "See the results", trigger: ".nav-link[name=results]", run: "click" },
        { content: "The figures are there", trigger: ".o_procedure_survey:contains(Satisfied customers)" },
        { content: "Write the findings", trigger: ".nav-link[name=findings]", run: "click" },
        {
            content: "What it means",
            trigger: ".o_field_widget[name=findings] .odoo-editor-editable",
            run: "editor We answer too late.",
        },
        { content: "Submit it", trigger: "button[name=action_submit]", run: "click" },
        { content: "It is submitted", trigger: ".o_arrow_button_current:contains(Submitted)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_campaign_approve", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openSurveys(),
        { content: "Open it", trigger: ".o_kanban_record:contains(Tour survey)", run: "click" },
        { content: "Approve", trigger: "button[name=action_approve]", run: "click" },
        { content: "It is approved", trigger: ".o_arrow_button_current:contains(Approved)" },
    ],
});
