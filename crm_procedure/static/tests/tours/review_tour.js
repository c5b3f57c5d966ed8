import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openReviews = () => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Reporting",
        trigger: "[data-menu-xmlid='crm_procedure.menu_reporting']",
        run: "click",
    },
    {
        content: "Reviews",
        trigger: "[data-menu-xmlid='crm_procedure.menu_reviews']",
        run: "click",
    },
    {
        content: "Open the quarter's",
        trigger: ".o_data_row:contains(Quarterly internal review) .o_data_cell[name=kind]",
        run: "click",
    },
    { content: "It is open", trigger: ".o_form_view .o_field_widget[name=agenda_ids] .o_data_row" },
];

registry.category("web_tour.tours").add("crm_procedure_review_hold", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openReviews(),
        { content: "See the figures", trigger: ".nav-link[name=figures]", run: "click" },
        { content: "They are there", trigger: ".o_procedure_review:contains(Open actions of the last reviews)" },
        { content: "Back to the agenda", trigger: ".nav-link[name=agenda]", run: "click" },
        {
            content: "The first topic",
            trigger: ".o_field_widget[name=agenda_ids] .o_data_row:first .o_data_cell[name=conclusion]",
            run: "click",
        },
        {
            content: "What was found",
            trigger: ".o_field_widget[name=agenda_ids] .o_data_row:first .o_field_widget[name=conclusion] textarea",
            run: "edit Nothing is late",
        },
        { content: "Save it", trigger: ".o_form_button_save", run: "click" },
        { content: "It is saved", trigger: ".o_form_saved" },
        {
            content: "Decide something",
            trigger: ".o_field_widget[name=agenda_ids] .o_data_row:eq(1) button[name=action_decide]",
            run: "click",
        },
        {
            content: "What is to be done",
            trigger: ".modal .o_field_widget[name=subject] input",
            run: "edit Call before the visit",
        },
        { content: "Keep it", trigger: ".modal .o_form_button_save", run: "click" },
        { content: "The dialog is gone", trigger: "body:not(:has(.modal))" },
        { content: "No remarks on the rest", trigger: "button[name=action_conclude_rest]", run: "click" },
        {
            content: "They have a conclusion",
            trigger: ".o_field_widget[name=agenda_ids] .o_data_row:eq(1) .o_data_cell[name=conclusion]:contains(No remarks)",
        },
        { content: "Submit it", trigger: "button[name=action_submit]", run: "click" },
        { content: "It is submitted", trigger: ".o_arrow_button_current:contains(Submitted)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_review_sign", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openReviews(),
        { content: "What was decided", trigger: ".nav-link[name=decisions]", run: "click" },
        {
            content: "The decision stands there",
            trigger: ".o_field_widget[name=action_ids] .o_data_row:contains(Call before the visit)",
        },
        { content: "Approve", trigger: "button[name=action_approve]", run: "click" },
        { content: "It is approved", trigger: ".o_arrow_button_current:contains(Approved)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_review_propose", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openReviews().slice(0, 3),
        {
            content: "My department's feedback",
            trigger: "[data-menu-xmlid='crm_procedure.menu_review_topics']",
            run: "click",
        },
        { content: "Propose a topic", trigger: ".o_list_button_add", run: "click" },
        {
            content: "What it is",
            trigger: ".o_field_widget[name=name] :is(input, textarea)",
            run: "edit Too many fields",
        },
        {
            content: "Why",
            trigger: ".o_field_widget[name=description] textarea",
            run: "edit Nobody fills them in",
        },
        { content: "Send it", trigger: ".o_form_button_save", run: "click" },
        { content: "It is on the agenda", trigger: ".o_arrow_button_current:contains(On the agenda)" },
    ],
});
