import { Component } from "@odoo/owl";
import { STATES } from "./board_figures";

/** A state in words, sign and colour; filled where it stands for a whole clause. */
export class StateBadge extends Component {
    static template = "crm_procedure.StateBadge";
    static props = { state: String, filled: { type: Boolean, optional: true } };

    get look() {
        return STATES[this.props.state] || STATES.no_evidence;
    }
}
