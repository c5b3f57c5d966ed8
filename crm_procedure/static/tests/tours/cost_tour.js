import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openCosts = () => [
    stepUtils.showAppsMenuItem(),
    {
        content: "Open the app",
        trigger: ".o_app[data-menu-xmlid='crm_procedure.menu_root']",
        run: "click",
    },
    {
        content: "Open the reports",
        trigger: "[data-menu-xmlid='crm_procedure.menu_reporting']",
        run: "click",
    },
    {
        content: "Open the costs",
        trigger: "[data-menu-xmlid='crm_procedure.menu_care_costs']",
        run: "click",
    },
    {
        content: "Open the gift",
        trigger: ".o_data_row:contains(Tour Customer) td[name=kind]",
        run: "click",
    },
];

registry.category("web_tour.tours").add("crm_procedure_cost_sales", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openCosts(),
        { content: "It is too dear", trigger: "[name=procedure_cost]:contains(would come to)" },
        { content: "Ask", trigger: "button[name=action_ask_cost]", run: "click" },
        { content: "Say why", trigger: ".modal [name=reason] textarea", run: "edit Ten years together" },
        { content: "Confirm", trigger: ".modal button[name=action_confirm]", run: "click" },
        { content: "It waits", trigger: "[name=procedure_cost]:contains(Waits for management)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_cost_manager", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openCosts(),
        { content: "Approve", trigger: "button[name=action_approve_cost]", run: "click" },
        { content: "It is approved", trigger: "[name=cost_state]:contains(Approved)" },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_cost_done", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openCosts(),
        { content: "Done", trigger: "button[name=action_done]", run: "click" },
        { content: "It is done", trigger: ".o_arrow_button_current:contains(Done)" },
    ],
});
