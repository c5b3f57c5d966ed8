import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openTickets = (menu = "menu_tickets_all") => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Open the menu",
        trigger: "[data-menu-xmlid='crm_procedure.menu_tickets']",
        run: "click",
    },
    {
        content: "Open the list",
        trigger: `[data-menu-xmlid='crm_procedure.${menu}']`,
        run: "click",
    },
];

const openCard = (column) => [
    {
        content: `Open the ticket under ${column}`,
        trigger: `.o_kanban_group:contains(${column}) .o_kanban_record:contains(Tour seal)`,
        run: "click",
    },
    { content: "It is open", trigger: ".o_form_view [name=subject]" },
];

const inState = (state) => ({
    content: `It is ${state}`,
    trigger: `.o_field_statusbar button.o_arrow_button_current:contains(${state}), .o_statusbar_status .dropdown-toggle:contains(${state}), .o_field_statusbar:contains(${state})`,
});

registry.category("web_tour.tours").add("crm_procedure_ticket_report", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openTickets(),
        { content: "A new report", trigger: ".o-kanban-button-new", run: "click" },
        { content: "What it is", trigger: "[name=subject] input", run: "edit Tour seal is broken" },
        { content: "Who", trigger: "[name=partner_id] input", run: "edit Jade Foods" },
        {
            content: "Choose the customer",
            trigger: ".o_field_widget[name=partner_id] .dropdown-item:not(.o_m2o_dropdown_option):contains(Jade Foods)",
            run: "click",
        },
        { content: "What happened", trigger: "[name=description] textarea", run: "edit Two of ten jars leak" },
        ...stepUtils.saveForm(),
        { content: "The number is provisional", trigger: ".alert:contains(provisional)" },
        { content: "The bar is there", trigger: ".o_procedure_time:contains(Left)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_ticket_service", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openTickets("menu_tickets_accept"),
        { content: "Open the report", trigger: ".o_data_row:contains(Tour seal) td[name=subject]", run: "click" },
        { content: "Accept", trigger: "button[name=action_accept]", run: "click" },
        { content: "It has a number", trigger: ".o_field_widget[name=name]:contains(TKT-)" },
        { content: "To the actions", trigger: ".nav-link[name=actions]", run: "click" },
        { content: "A part for a department", trigger: "[name=action_ids] .o_field_x2many_list_row_add a", run: "click" },
        { content: "What", trigger: ".modal [name=subject] input", run: "edit Find out why" },
        { content: "Which", trigger: ".modal [name=team_id] input", run: "edit technical" },
        {
            content: "Choose the department",
            trigger: ".modal .o_field_widget[name=team_id] .dropdown-item:not(.o_m2o_dropdown_option):contains(technical)",
            run: "click",
        },
        { content: "Add it", trigger: ".modal .o_form_button_save", run: "click" },
        ...stepUtils.saveForm(),
        { content: "It is being handled", trigger: ".o_procedure_time:contains(technical)" },
        inState("In handling"),
    ],
});

registry.category("web_tour.tours").add("crm_procedure_ticket_department", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openTickets("menu_actions"),
        { content: "Open the part", trigger: ".o_data_row:contains(Find out why) td[name=subject]", run: "click" },
        { content: "Done", trigger: "button[name=action_done]", run: "click" },
        {
            content: "What was found",
            trigger: ".modal [name=reason] textarea",
            run: "edit The glue was old",
        },
        { content: "Confirm", trigger: ".modal button[name=action_confirm]", run: "click" },
        { content: "It is done", trigger: ".o_field_widget[name=result]:contains(The glue was old)" },
    ],
});

const answer = (text) => [
    { content: "To the solution", trigger: ".nav-link[name=solution]", run: "click" },
    { content: "Enter it", trigger: "[name=solution] textarea", run: `edit ${text}` },
    { content: "Answer", trigger: "button[name=action_answer]", run: "click" },
    { content: "Yes, send it", trigger: ".modal-footer .btn-primary", run: "click" },
    { content: "Now the customer decides", trigger: "button[name=action_record_phone]" },
];

registry.category("web_tour.tours").add("crm_procedure_ticket_answer", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [...openTickets(), ...openCard("In handling"), ...answer("We send new jars.")],
});

registry.category("web_tour.tours").add("crm_procedure_ticket_again", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openTickets(),
        ...openCard("In handling"),
        { content: "It is the second round", trigger: ".badge:contains(Round)" },
        { content: "The first answer is kept", trigger: ".nav-link[name=solution]", run: "click" },
        { content: "With the customer's words", trigger: "[name=round_ids] .o_data_row:contains(They leak as well)" },
        ...answer("A technician brings new ones."),
    ],
});
