import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { formatInteger } from "@web/views/fields/formatters";

import { formatFigure, formatTarget } from "./board_figures";
import { StateBadge } from "./state_badge";
import { Trend } from "./trend";

/** A row of the board: what an indicator says, and the ways to the records behind it. */
export class BoardIndicator extends Component {
    static template = "crm_procedure.BoardIndicator";
    static components = { StateBadge, Trend };
    static props = {
        indicator: Object,
        computed: Boolean,
        onOpen: Function,
        onOpenRecords: Function,
        onOpenTrend: Function,
    };

    get figure() {
        return formatFigure(this.props.indicator.value, this.props.indicator.measure);
    }

    get target() {
        return formatTarget(this.props.indicator);
    }

    /** Why there is no figure; one that cannot be measured says so itself. */
    get nothing() {
        if (!this.props.computed) {
            return _t("not computed yet");
        }
        return this.props.indicator.state === "broken" ? "–" : _t("no records to count");
    }

    /** Whether the records are for the reader to see; the figure is for everybody. */
    get mayOpen() {
        return this.props.indicator.may_open !== false;
    }

    /** The counts behind the value: which records, how many, and what a screen reader says of them. */
    get counts() {
        const { name, measure, direction, population, conforming } = this.props.indicator;
        const counted = formatInteger(conforming);
        if (measure === "count") {
            const title = _t("Records counted by “%(indicator)s”: %(count)s", { indicator: name, count: counted });
            return [{ which: "conforming", label: counted, title }];
        }
        const whole = formatInteger(population);
        const rest = formatInteger(population - conforming);
        const counts = [
            {
                which: "conforming",
                label: counted,
                title: _t("Records that meet “%(indicator)s”: %(count)s", { indicator: name, count: counted }),
            },
            {
                which: "population",
                label: whole,
                title: _t("All records of “%(indicator)s”: %(count)s", { indicator: name, count: whole }),
            },
        ];
        if (population > conforming) {
            counts.push({
                which: "difference",
                label: direction === "down" ? _t("%s others", rest) : _t("%s missing", rest),
                title: _t("Records that do not meet “%(indicator)s”: %(count)s", { indicator: name, count: rest }),
            });
        }
        return counts;
    }
}
