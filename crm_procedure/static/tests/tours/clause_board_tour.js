import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const openBoard = () => [
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
        content: "Clause Board",
        trigger: ".dropdown-item[data-menu-xmlid='crm_procedure.menu_clause_board']",
        run: "click",
    },
    { content: "The procedure in force", trigger: ".o_procedure_board_title:contains(QP-07 V2.0)" },
];

registry.category("web_tour.tours").add("crm_procedure_board_quality", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openBoard(),
        { content: "Nothing was computed yet", trigger: ".o_procedure_board_uncomputed" },
        { content: "Compute it", trigger: ".o_procedure_board_refresh", run: "click" },
        {
            content: "The figure is there",
            trigger: "[data-clause='7.1'] .o_procedure_board_records:contains(1 of 3)",
        },
        { content: "It is missed, in words", trigger: "[data-clause='7.1'] [data-state=missed]:contains(Missed)" },
        { content: "The ones that miss it", trigger: "[data-clause='7.1'] [data-which=difference]", run: "click" },
        { content: "They are listed", trigger: ".o_list_view .o_data_row:contains(Late seal)" },
        { content: "But not the one that meets it", trigger: ".o_list_view:not(:contains(Early seal))" },
        { content: "Back", trigger: ".o_back_button", run: "click" },
        { content: "Only what is missed", trigger: ".o_procedure_board_filters [data-filter=missed]", run: "click" },
        {
            content: "The other clause is gone",
            trigger: ".o_procedure_board_table:not(:has([data-clause='7.2'])) [data-clause='7.1']",
        },
    ],
});

registry.category("web_tour.tours").add("crm_procedure_board_auditor", {
    timeout: 30000, // a slow machine is no failure
    steps: () => [
        ...openBoard(),
        { content: "The board", trigger: "[data-clause='7.1'] .o_procedure_board_records:contains(1 of 3)" },
        { content: "Nothing to compute with", trigger: ".o_control_panel:not(:has(.o_procedure_board_refresh))" },
        { content: "What counts", trigger: "[data-clause='7.1'] [data-which=conforming]", run: "click" },
        { content: "The record behind it", trigger: ".o_list_view .o_data_row:contains(Early seal)" },
    ],
});
