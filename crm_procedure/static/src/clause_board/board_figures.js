import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/core/utils/numbers";

const { DateTime } = luxon;

// The nightly run and a morning: older figures say so.
const STALE_HOURS = 36;

/** How a state is said: in words, by a sign and by a colour, never by the colour alone. */
export const STATES = {
    met: { label: _t("Met"), icon: "fa-check", text: "text-success", fill: "text-bg-success" },
    missed: { label: _t("Missed"), icon: "fa-times", text: "text-danger", fill: "text-bg-danger" },
    no_evidence: { label: _t("No evidence"), icon: "fa-question", text: "text-muted", fill: "text-bg-secondary" },
    no_data: { label: _t("No data"), icon: "fa-question", text: "text-muted", fill: "text-bg-secondary" },
    broken: {
        label: _t("Cannot be measured"),
        icon: "fa-chain-broken",
        text: "text-warning-emphasis",
        fill: "text-bg-warning",
    },
};

/** "93.5%" of a share, "4" of a count; "" without data, which is neither 0 nor 100 %. */
export function formatFigure(value, measure) {
    if (value === null || value === undefined || value === false) {
        return "";
    }
    const figure = formatFloat(value, { digits: [16, 1], trailingZeros: false });
    return measure === "share" ? `${figure}%` : figure;
}

export function formatTarget({ target, measure, direction }) {
    return `${direction === "down" ? "≤" : "≥"} ${formatFigure(target, measure)}`;
}

/** What a clause shows: its indicators, or one row that says that there is none. */
export function rowsOf(clause) {
    return clause.indicators.length
        ? clause.indicators.map((indicator) => ({ key: indicator.id, state: indicator.state, indicator }))
        : [{ key: "none", state: "no_evidence", indicator: null }];
}

export function matches(row, filter) {
    const lacksEvidence = ["no_evidence", "no_data", "broken"].includes(row.state);
    return filter === "all" || row.state === filter || (filter === "no_evidence" && lacksEvidence);
}

/** How many clauses are met, missed and without evidence; one that cannot be measured has none. */
export function tally(clauses) {
    const counts = { met: 0, missed: 0, no_evidence: 0 };
    for (const { state } of clauses) {
        counts[state in counts ? state : "no_evidence"]++;
    }
    return counts;
}

export function isStale(computedOn) {
    return Boolean(computedOn) && DateTime.now().diff(deserializeDateTime(computedOn), "hours").hours > STALE_HOURS;
}
