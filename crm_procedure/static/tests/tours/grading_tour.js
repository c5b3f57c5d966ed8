import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openGradings = () => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Open the gradings",
        trigger: "[data-menu-xmlid='crm_procedure.menu_gradings']",
        run: "click",
    },
];

registry.category("web_tour.tours").add("crm_procedure_grading_marketing", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openGradings(),
        { content: "A new list", trigger: ".o_list_button_add", run: "click" },
        { content: "Compute it", trigger: "button[name=action_compute]", run: "click" },
        { content: "The figures are there", trigger: ".o_procedure_figures:contains(Who moves)" },
        { content: "See the lines", trigger: "button[name=action_view_lines]", run: "click" },
        {
            content: "Open the line of a customer",
            trigger: ".o_data_row:contains(Tour Customer) .o_list_record_open_form_view",
            run: "click",
        },
        { content: "It says why", trigger: ".o_procedure_explanation:contains(Sales amount)" },
        { content: "Decide otherwise", trigger: "[name=grade_id] input", run: "edit A" },
        {
            content: "Choose A",
            trigger: ".o_field_widget[name=grade_id] .dropdown-item:not(.o_m2o_dropdown_option):contains(/^A$/)",
            run: "click",
        },
        { content: "Say why", trigger: "[name=override_reason] input", run: "edit Strategic partner" },
        ...stepUtils.saveForm(),
        { content: "Back to the list", trigger: ".o_back_button", run: "click" },
        { content: "Wait for the lines", trigger: ".o_list_view .o_data_row:contains(Strategic partner)" },
        { content: "Back to the grading", trigger: ".o_back_button", run: "click" },
        { content: "Submit it", trigger: "button[name=action_submit]", run: "click" },
        { content: "It is submitted", trigger: ".o_arrow_button_current:contains(Submitted)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_grading_sales", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openGradings(),
        { content: "Open the submitted list", trigger: ".o_data_row:contains(Submitted) td[name=name]", run: "click" },
        { content: "Co-sign", trigger: "button[name=action_approve]", run: "click" },
        { content: "Yes, I am sure", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "It is approved", trigger: ".o_arrow_button_current:contains(Approved)" },
        {
            content: "Open what there is of customers",
            trigger: "[data-menu-xmlid='crm_procedure.menu_customer_files']",
            run: "click",
        },
        { content: "See the customers", trigger: "[data-menu-xmlid='crm_procedure.menu_customers']", run: "click" },
        {
            content: "The customer stands under A",
            trigger: ".o_kanban_group:contains(/^A/) .o_kanban_record:contains(Tour Customer)",
            run: "click",
        },
        { content: "Open the grade page", trigger: ".nav-link[name=procedure_grade]", run: "click" },
        { content: "It says why", trigger: ".o_procedure_explanation:contains(Strategic partner)" },
    ],
});
