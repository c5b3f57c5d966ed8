import { Component } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";

import { STATES, formatFigure } from "./board_figures";

const WIDTH = 120;
const HEIGHT = 32;
const MARGIN = 4;

/** A small curve of an indicator's last values, with its target as a dashed line. */
export class Trend extends Component {
    static template = "crm_procedure.Trend";
    static props = { indicator: Object };

    setup() {
        this.size = { width: WIDTH, height: HEIGHT };
    }

    get look() {
        return STATES[this.props.indicator.state] || STATES.no_evidence;
    }

    /** The days with a value; a day without one is no zero. */
    get values() {
        return (this.props.indicator.trend || []).filter(({ value }) => value !== null && value !== false);
    }

    get drawing() {
        const { target } = this.props.indicator;
        const days = this.values.map(({ date }) => deserializeDate(date).toMillis());
        const heights = this.values.map(({ value }) => value);
        const x = scale(days, WIDTH);
        const y = scale([...heights, target], HEIGHT);
        const points = days.map((day, index) => ({ x: x(day), y: HEIGHT - y(heights[index]) }));
        return {
            line: points.map((point) => `${point.x},${point.y}`).join(" "),
            last: points.at(-1),
            target: HEIGHT - y(target),
        };
    }

    /** The curve in words. */
    get title() {
        const { measure } = this.props.indicator;
        const say = ({ date, value }) => ({
            date: formatDate(deserializeDate(date)),
            value: formatFigure(value, measure),
        });
        const [first, last] = [say(this.values[0]), say(this.values.at(-1))];
        return _t("From %(first)s on %(from)s to %(last)s on %(to)s", {
            first: first.value,
            from: first.date,
            last: last.value,
            to: last.date,
        });
    }
}

/** :return: function that maps the span of ``numbers`` onto ``length``, less the margins */
function scale(numbers, length) {
    const low = Math.min(...numbers);
    const span = Math.max(...numbers) - low;
    return (number) =>
        span ? round(MARGIN + ((number - low) / span) * (length - 2 * MARGIN)) : length / 2;
}

function round(number) {
    return Math.round(10 * number) / 10;
}
