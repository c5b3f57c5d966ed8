import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openContacts = (menu) => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Open the contacts",
        trigger: "[data-menu-xmlid='crm_procedure.menu_contacts']",
        run: "click",
    },
    { content: "Choose what", trigger: `.dropdown-item[data-menu-xmlid='crm_procedure.${menu}']`, run: "click" },
];

// V1, V2: what is due is found, opened and recorded
registry.category("web_tour.tours").add("crm_procedure_record_visit", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openContacts("menu_my_week"),
        {
            content: "The customer is due",
            trigger: ".o_kanban_record:contains(Tour Customer)",
            run: "click",
        },
        { content: "What is known of it", trigger: ".o_procedure_glance:contains(Orders)" },
        { content: "Not without the contents", trigger: "button[name=action_done]", run: "click" },
        { content: "It says what is missing", trigger: ".modal:contains(Change of needs)" },
        { content: "Close", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "How it is used", trigger: "[name=usage_note] textarea", run: "edit Runs in two shifts" },
        { content: "What changes", trigger: "[name=need_note] textarea", run: "edit A second line in autumn" },
        {
            content: "Satisfied",
            trigger: "[name=satisfaction_choice] .o_priority_star:nth-of-type(4)",
            run: "click",
        },
        { content: "Done", trigger: "button[name=action_done]", run: "click" },
        { content: "It is on record", trigger: ".o_arrow_button_current:contains(Done)" },
        { content: "Business was heard of", trigger: "button[name=action_create_lead]:contains(Repeat)", run: "click" },
        { content: "Sales has it", trigger: "button[name=action_view_leads]" },
        { content: "When do we speak again", trigger: ".o_form_statusbar button[name=action_plan_next]", run: "click" },
        { content: "A new contact is planned", trigger: ".o_arrow_button_current:contains(Planned)" },
    ],
});

// G5: the supervisor plans the next quarter in one click and submits it
registry.category("web_tour.tours").add("crm_procedure_plan_supervisor", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openContacts("menu_plan_next_quarter"),
        { content: "The load of the weeks is there", trigger: "[name=week_ids] .o_data_row" },
        { content: "See the customers", trigger: ".oe_stat_button[name=action_view_lines]", run: "click" },
        { content: "The customer is planned for", trigger: ".o_data_row:contains(Tour Customer)" },
        { content: "Back to the plan", trigger: ".o_back_button", run: "click" },
        { content: "Submit it", trigger: "button[name=action_submit]", run: "click" },
        { content: "It is submitted", trigger: ".o_arrow_button_current:contains(Submitted)" },
    ],
});

// G6: management approves; the contacts are there
registry.category("web_tour.tours").add("crm_procedure_plan_manager", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openContacts("menu_plans"),
        { content: "Open the submitted plan", trigger: ".o_data_row:contains(Submitted) td[name=name]", run: "click" },
        { content: "Approve", trigger: "button[name=action_approve]", run: "click" },
        { content: "It is approved", trigger: ".o_arrow_button_current:contains(Approved)" },
        { content: "See the contacts", trigger: ".oe_stat_button[name=action_view_communications]", run: "click" },
        { content: "The customer has one", trigger: ".o_data_row:contains(Tour Customer):contains(Planned)" },
    ],
});

// V1: a missed contact stands before whoever has to know
registry.category("web_tour.tours").add("crm_procedure_missed_contact", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        { content: "Open the activities", trigger: ".o-mail-ActivityMenu-counter, i.fa-clock-o", run: "click" },
        {
            content: "A contact is overdue",
            trigger: ".o-mail-ActivityGroup:contains(Communication)",
            run: "click",
        },
        { content: "Which one", trigger: ".o_data_row:contains(Tour Customer), .o_kanban_record:contains(Tour Customer), .o_activity_view:contains(Tour Customer)" },
    ],
});
