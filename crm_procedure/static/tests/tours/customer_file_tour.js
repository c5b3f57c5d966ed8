import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openChanges = () => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Open what there is of customers",
        trigger: "[data-menu-xmlid='crm_procedure.menu_customer_files']",
        run: "click",
    },
    {
        content: "Open the changes",
        trigger: "[data-menu-xmlid='crm_procedure.menu_changes']",
        run: "click",
    },
];

registry.category("web_tour.tours").add("crm_procedure_change_user", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openChanges(),
        { content: "A new change", trigger: ".o_list_button_add", run: "click" },
        { content: "Which customer", trigger: "[name=partner_id] input", run: "edit Tour Customer" },
        {
            content: "This one",
            trigger: ".o_field_widget[name=partner_id] .dropdown-item:contains(/^Tour Customer$/)",
            run: "click",
        },
        { content: "What is different", trigger: "[name=description] textarea", run: "edit They moved to the harbour" },
        { content: "Propose it", trigger: "button[name=action_submit]", run: "click" },
        { content: "It is proposed", trigger: ".o_arrow_button_current:contains(Proposed)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_change_steward", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openChanges(),
        { content: "Open the proposal", trigger: ".o_data_row:contains(harbour) td[name=partner_id]", run: "click" },
        {
            content: "Spell it out",
            trigger: ".o_field_widget[name=line_ids] .o_field_x2many_list_row_add button, .o_field_widget[name=line_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        { content: "Which entry", trigger: ".o_selected_row [name=entry] input", run: "click" },
        {
            content: "The street",
            trigger: ".o_select_menu_item:contains(/^Street$/)",
            run: "click",
        },
        { content: "What it is now", trigger: ".o_selected_row td[name=old_value]:contains(Lake View 3)" },
        { content: "The new one", trigger: ".o_selected_row [name=new_value] input", run: "edit Harbour Road 12" },
        ...stepUtils.saveForm(),
        { content: "What it was stands beside it", trigger: "td[name=old_value]:contains(Lake View 3)" },
        { content: "Confirm", trigger: "button[name=action_approve]", run: "click" },
        { content: "It is confirmed", trigger: ".o_arrow_button_current:contains(Confirmed)" },
    ],
});
