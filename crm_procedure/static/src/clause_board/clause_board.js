import { Component, onWillDestroy, onWillStart, useRef, useState } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { KeepLast } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { STATES, isStale, matches, rowsOf, tally } from "./board_figures";
import { BoardIndicator } from "./board_indicator";
import { StateBadge } from "./state_badge";

const INDICATOR = "crm.procedure.indicator";
const BOARD_CHANNEL = "crm_procedure_board";
const BOARD_MESSAGE = "crm_procedure/board";

/**
 * Every clause of the procedure in force and what shows that it is followed (issue 6, "The one idea").
 *
 * Everything comes from stored values in one call; when somebody computes them anew, the bus says so and
 * the page follows.
 */
export class ClauseBoard extends Component {
    static template = "crm_procedure.ClauseBoard";
    static components = { BoardIndicator, Layout, StateBadge };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.states = STATES;
        this.company = user.activeCompany;
        this.state = useState({
            board: null,
            error: "",
            filter: this.props.state?.filter || "all",
            refreshing: false,
        });
        this.keepLast = new KeepLast();
        this.rootRef = useRef("root");
        useSetupAction({ rootRef: this.rootRef, getLocalState: () => ({ filter: this.state.filter }) });
        this.follow();
        onWillStart(() => this.load());
    }

    /** Load again when the figures of this company were computed anew, by whomever. */
    follow() {
        const bus = useService("bus_service");
        const reload = useDebounced(() => this.load(), 300);
        const onMessage = ({ company_id }) => {
            if (!company_id || company_id === this.company.id) {
                reload();
            }
        };
        // Before the first load: what is computed while it runs is not missed.
        bus.subscribe(BOARD_MESSAGE, onMessage);
        bus.addChannel(BOARD_CHANNEL);
        onWillDestroy(() => {
            bus.unsubscribe(BOARD_MESSAGE, onMessage);
            bus.deleteChannel(BOARD_CHANNEL);
        });
    }

    async load() {
        try {
            this.state.board = await this.keepLast.add(this.orm.call(INDICATOR, "get_board", []));
            this.state.error = "";
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error; // a lost connection: the web client says so and tries again
            }
            this.state.error = error.data?.message || error.message;
        }
    }

    async refresh() {
        if (this.state.refreshing) {
            return;
        }
        this.state.refreshing = true;
        try {
            await this.orm.call(INDICATOR, "action_compute", [this.indicators.map(({ id }) => id)]);
            await this.load();
        } finally {
            this.state.refreshing = false;
        }
    }

    print() {
        window.print();
    }

    // ------------------------------------------------------------
    // What the page shows
    // ------------------------------------------------------------

    get board() {
        return this.state.board;
    }

    get indicators() {
        return (this.board?.clauses || []).flatMap((clause) => clause.indicators);
    }

    get computedOn() {
        const { computed_on } = this.board;
        return computed_on ? _t("Computed at %s", formatDateTime(deserializeDateTime(computed_on))) : "";
    }

    get isStale() {
        return isStale(this.board.computed_on);
    }

    /** How many clauses are in each state, in the order of the bar. */
    get clauseTally() {
        const counts = tally(this.board.clauses);
        return ["met", "missed", "no_evidence"].map((state) => ({
            ...STATES[state],
            state,
            count: counts[state],
            width: this.board.clauses.length ? (100 * counts[state]) / this.board.clauses.length : 0,
        }));
    }

    get filters() {
        const rows = this.board.clauses.flatMap(rowsOf);
        const labels = [
            ["all", _t("All indicators")],
            ["missed", _t("Missed")],
            ["no_evidence", _t("No evidence")],
        ];
        return labels.map(([key, label]) => ({
            key,
            label,
            count: rows.filter((row) => matches(row, key)).length,
        }));
    }

    /** The clauses with the rows that the chosen filter leaves; those without any stay away. */
    get clauses() {
        return this.board.clauses
            .map((clause) => ({ ...clause, rows: rowsOf(clause).filter((row) => matches(row, this.state.filter)) }))
            .filter((clause) => clause.rows.length);
    }

    shareMet({ indicators }) {
        return _t("%(met)s of %(all)s met", {
            met: indicators.filter(({ state }) => state === "met").length,
            all: indicators.length,
        });
    }

    // ------------------------------------------------------------
    // Where a click leads
    // ------------------------------------------------------------

    /** What measures the clause on this page; of one that nothing measures, the place to define it. */
    openClause({ number, name, indicators }) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: [number, name].filter(Boolean).join(" "),
            res_model: INDICATOR,
            views: [
                [false, "list"],
                [false, "form"],
            ],
            domain: indicators.length ? [["id", "in", indicators.map(({ id }) => id)]] : [["clause", "=", number]],
            context: { default_clause: number },
        });
    }

    openProcedure() {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "crm.procedure",
            res_id: this.board.procedure.id,
            views: [[false, "form"]],
        });
    }

    openProcedures() {
        return this.action.doAction("crm_procedure.crm_procedure_action");
    }

    /** The records behind a figure, as the reader may see them. */
    async openRecords(indicator, which) {
        return this.action.doAction(await this.orm.call(INDICATOR, "action_open", [[indicator.id], which]));
    }

    openIndicator(indicator) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: INDICATOR,
            res_id: indicator.id,
            views: [[false, "form"]],
        });
    }

    async openTrend(indicator) {
        return this.action.doAction(await this.orm.call(INDICATOR, "action_open_values", [[indicator.id]]));
    }
}

registry.category("actions").add("crm_procedure.clause_board", ClauseBoard);
