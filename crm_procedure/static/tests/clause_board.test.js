import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { press, queryAllTexts, waitFor } from "@odoo/hoot-dom";
import { Deferred, advanceTime, animationFrame, mockDate } from "@odoo/hoot-mock";
import {
    contains,
    getService,
    makeServerError,
    mockService,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

const INDICATOR = "crm.procedure.indicator";

describe.current.tags("desktop");
defineMailModels();

const onTime = {
    id: 7,
    name: "Contacts on time",
    definition: "Of the contacts due this month, those made by their deadline.",
    value: 90.2439,
    population: 41,
    conforming: 37,
    target: 95,
    measure: "share",
    direction: "up",
    state: "missed",
    origin: "document",
    trend: [
        { date: "2026-09-30", value: 82 },
        { date: "2026-10-31", value: null },
        { date: "2026-11-22", value: 90.2439 },
    ],
};
const gradings = {
    ...onTime,
    id: 3,
    name: "Gradings signed",
    value: 2,
    population: 2,
    conforming: 2,
    target: 1,
    measure: "count",
    state: "met",
    origin: "own",
    trend: [{ date: "2026-11-22", value: 2 }],
};
const silent = { ...onTime, id: 8, name: "First visits", value: null, population: 0, conforming: 0, state: "no_data", trend: [] };
const grading = { number: "5.2", name: "Grading", roles: ["Marketing"], forms: [{ id: 1, name: "CRM-F-04 Grading list" }], state: "met", indicators: [gradings] };
const contact = { number: "5.3", name: "Daily contact", roles: ["Sales", "Service"], forms: [], state: "missed", indicators: [onTime, silent] };
const changes = { number: "5.6", name: "Keeping information up to date", roles: [], forms: [], state: "no_evidence", indicators: [] };

/** What the server answers: a board with these differences. */
function boardOf(values = {}) {
    return {
        procedure: { id: 1, name: "Customer Relationship Management Procedure", number: "CRM-P-01", version: "V1.1" },
        computed_on: "2026-11-23 02:00:00",
        may_refresh: true,
        clauses: [grading, contact, changes],
        ...values,
    };
}

/** The screen, with the board as the server answers it; ``actions`` are those that clicks then ask for. */
async function openBoard(board = boardOf()) {
    const actions = [];
    onRpc(INDICATOR, "get_board", () => (typeof board === "function" ? board() : board));
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ type: "ir.actions.client", tag: "crm_procedure.clause_board", name: "Clause Board" });
    await animationFrame();
    patchWithCleanup(getService("action"), { doAction: (action) => actions.push(action) });
    return actions;
}

const names = () => queryAllTexts(".o_procedure_board_open");

beforeEach(() => mockDate("2026-11-23 08:00:00"));

test("every clause with its figures, states and what they rest on", async () => {
    await openBoard();
    expect(queryAllTexts(".o_procedure_board_open_clause")).toEqual([
        "5.2 Grading",
        "5.3 Daily contact",
        "5.6 Keeping information up to date",
    ]);
    expect(queryAllTexts(".o_procedure_board_clause_head [data-state]")).toEqual(["Met", "Missed", "No evidence"]);
    expect(queryAllTexts(".o_procedure_board_share")).toEqual(["1 of 1 met", "0 of 2 met"]);
    expect("[data-clause='5.3'] .o_procedure_board_duties").toHaveText("Sales · Service");
    expect("[data-clause='5.2'] .o_procedure_board_duties").toHaveText("Marketing CRM-F-04 Grading list");
    expect("[data-indicator='7'] .o_procedure_board_value b").toHaveText("90.2%");
    expect("[data-indicator='7'] .o_procedure_board_target").toHaveText("≥ 95%");
    expect("[data-indicator='7'] .o_procedure_board_records").toHaveText("37 of 41 4 missing");
    expect("[data-indicator='3'] .o_procedure_board_value b").toHaveText("2");
    expect("[data-indicator='3'] .o_procedure_board_own").toHaveText("Our own definition");
    expect("[data-clause='5.6'] .o_procedure_board_none").toHaveText(/No indicator measures this clause/);
    expect(".o_procedure_board_procedure").toHaveText("Customer Relationship Management Procedure");
    expect(".o_procedure_board_tally_missed").toHaveText("1 Missed");
    expect(".o_procedure_board_stale").toHaveCount(0);
});

test("no data is no figure: neither 0 nor 100 %", async () => {
    await openBoard();
    expect("[data-indicator='8'] .o_procedure_board_value").toHaveText("–");
    expect("[data-indicator='8'] .o_procedure_board_records").toHaveText("no records to count");
    expect("[data-indicator='8'] button[data-which]").toHaveCount(0);
    expect("[data-indicator='8'] [data-state]").toHaveText("No data");
});

test("the trend is drawn from the days that have a value, and said in words", async () => {
    await openBoard();
    expect("[data-indicator='7'] svg polyline").toHaveAttribute("points", /^4,\S+ 116,\S+$/);
    expect("[data-indicator='7'] svg").toHaveAttribute("aria-label", "From 82% on 09/30/2026 to 90.2% on 11/22/2026");
    expect("[data-indicator='3'] svg").toHaveCount(0);
});

test("the filter leaves what is missed, or what has no evidence", async () => {
    await openBoard();
    expect(queryAllTexts(".o_procedure_board_filters button")).toEqual(["All indicators 4", "Missed 1", "No evidence 2"]);
    await contains("[data-filter='missed']").click();
    expect(names()).toEqual(["Contacts on time"]);
    expect("[data-filter='missed']").toHaveAttribute("aria-pressed", "true");
    await contains("[data-filter='no_evidence']").click();
    expect(names()).toEqual(["First visits"]);
    expect(queryAllTexts(".o_procedure_board_open_clause")).toEqual(["5.3 Daily contact", "5.6 Keeping information up to date"]);
});

test("a filter that leaves nothing says so", async () => {
    await openBoard(boardOf({ clauses: [grading] }));
    await contains("[data-filter='missed']").click();
    expect(".o_procedure_board_nothing").toHaveText("No indicator misses its target.");
});

test("a click on a number opens its records", async () => {
    onRpc(INDICATOR, "action_open", ({ args }) => ({ type: "ir.actions.act_window", name: `${args[0]} ${args[1]}` }));
    const actions = await openBoard();
    for (const which of ["conforming", "population", "difference"]) {
        await contains(`[data-indicator='7'] [data-which='${which}']`).click();
    }
    expect(actions.map(({ name }) => name)).toEqual(["7 conforming", "7 population", "7 difference"]);
});

test("a figure whose records are not for the reader is a figure all the same", async () => {
    await openBoard(boardOf({ clauses: [{ ...contact, indicators: [{ ...onTime, may_open: false }] }] }));
    expect("[data-indicator='7'] .o_procedure_board_records").toHaveText("37 of 41 4 missing");
    expect("[data-indicator='7'] button[data-which]").toHaveCount(0);
});

test("a click on the clause opens its indicators, one on the trend its values", async () => {
    onRpc(INDICATOR, "action_open_values", ({ args }) => ({ type: "ir.actions.act_window", name: `Values of ${args[0]}` }));
    const actions = await openBoard();
    await contains("[data-clause='5.3'] .o_procedure_board_open_clause").click();
    await contains("[data-indicator='7'] .o_procedure_board_open").click();
    await contains("[data-indicator='7'] .o_procedure_board_trend button").click();
    await contains("[data-clause='5.6'] .o_procedure_board_open_clause").click();
    expect(actions[0].domain).toEqual([["id", "in", [7, 8]]]);
    expect(actions[3].domain).toEqual([["clause", "=", "5.6"]]);
    expect(actions[1]).toMatchObject({ res_model: INDICATOR, res_id: 7 });
    expect(actions[2].name).toBe("Values of 7");
});

test("the keyboard reaches the numbers", async () => {
    onRpc(INDICATOR, "action_open", () => ({ type: "ir.actions.act_window", name: "Opened" }));
    const actions = await openBoard();
    await contains("[data-indicator='7'] [data-which='difference']").focus();
    await press("Enter");
    await animationFrame();
    expect(actions.length).toBe(1);
});

test("refresh computes, shows that it does, and loads again", async () => {
    const computing = new Deferred();
    let value = 90;
    onRpc(INDICATOR, "action_compute", async ({ args }) => {
        expect.step(args[0].join());
        await computing;
        value = 96;
        return true;
    });
    await openBoard(() => boardOf({ clauses: [{ ...contact, indicators: [{ ...onTime, value }] }] }));
    await contains(".o_procedure_board_refresh").click();
    expect(".o_procedure_board_refresh").toHaveText("Computing…");
    await contains(".o_procedure_board_refresh").click();
    computing.resolve();
    await waitFor("[data-indicator='7'] .o_procedure_board_value b:contains('96%')");
    expect(".o_procedure_board_refresh").toHaveText("Refresh now");
    expect.verifySteps(["7"]);
});

test("a refusal to compute is shown, and the button is there again", async () => {
    expect.errors(1);
    onRpc(INDICATOR, "action_compute", () => {
        throw makeServerError({ message: "These indicators are being counted at this moment." });
    });
    await openBoard();
    await contains(".o_procedure_board_refresh").click();
    await waitFor(".o_dialog:contains('being counted at this moment')");
    expect(".o_procedure_board_refresh").toHaveText("Refresh now");
    expect(".o_procedure_board_table").toHaveCount(1);
    expect.verifyErrors(["being counted at this moment"]);
});

test("without the power there is no button", async () => {
    await openBoard(boardOf({ may_refresh: false }));
    expect(".o_procedure_board_refresh").toHaveCount(0);
    expect(".o_procedure_board_table").toHaveCount(1);
});

test("a message of the bus brings the new figures, one of another company does not", async () => {
    const listeners = {};
    mockService("bus_service", {
        addChannel: (channel) => expect.step(`listen ${channel}`),
        deleteChannel: () => {},
        subscribe: (type, callback) => (listeners[type] = callback),
        unsubscribe: () => {},
        addEventListener: () => {},
        removeEventListener: () => {},
        start: () => {},
    });
    let value = 90;
    await openBoard(() => {
        expect.step("load");
        return boardOf({ clauses: [{ ...contact, indicators: [{ ...onTime, value }] }] });
    });
    value = 97;
    listeners["crm_procedure/board"]({ company_id: 99 });
    await advanceTime(1000);
    listeners["crm_procedure/board"]({ company_id: 1 });
    listeners["crm_procedure/board"]({ company_id: 1 });
    await advanceTime(1000);
    await animationFrame();
    expect("[data-indicator='7'] .o_procedure_board_value b").toHaveText("97%");
    expect.verifySteps(["listen crm_procedure_board", "load", "load"]);
});

test("without a procedure in force the page says what to do", async () => {
    const actions = await openBoard(boardOf({ procedure: false, computed_on: false, clauses: [] }));
    expect(".o_procedure_board_empty h2").toHaveText("No procedure is in force");
    await contains(".o_procedure_board_empty button").click();
    expect(actions).toEqual(["crm_procedure.crm_procedure_action"]);
});

test("figures that were never computed, or long ago, say so", async () => {
    let computed_on = false;
    await openBoard(() => boardOf({ computed_on }));
    expect(".o_procedure_board_uncomputed").toHaveText(/Nothing has been computed yet.*“Refresh now” does it at once/);
    expect("[data-indicator='8'] .o_procedure_board_records").toHaveText("not computed yet");
    computed_on = "2026-11-21 02:00:00";
    onRpc(INDICATOR, "action_compute", () => true);
    await contains(".o_procedure_board_refresh").click();
    await waitFor(".o_procedure_board_stale");
});

test("an error is shown, and trying again is a click away", async () => {
    let fails = true;
    await openBoard(() => {
        if (fails) {
            throw makeServerError({ message: "The figures are not there." });
        }
        return boardOf();
    });
    expect(".o_procedure_board_error").toHaveText(/The figures are not there\./);
    fails = false;
    await contains(".o_procedure_board_error button").click();
    expect(".o_procedure_board_error").toHaveCount(0);
    expect(".o_procedure_board_table").toHaveCount(1);
});

test("printing is the browser's", async () => {
    patchWithCleanup(window, { print: () => expect.step("print") });
    await openBoard();
    await contains(".o_procedure_board_print").click();
    expect.verifySteps(["print"]);
});
