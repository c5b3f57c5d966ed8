import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { GraphModel } from "@web/views/graph/graph_model";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { graphView } from "@web/views/graph/graph_view";

/**
 * Bars from the largest to the smallest and, as a line, how much of the whole they are together.
 *
 * It works on whatever is filtered and grouped; a click on a bar opens its records.
 */
class ParetoModel extends GraphModel {
    _getLineOverlayDataset() {
        const { data, groupBy } = { data: this.data, groupBy: this.metaData.groupBy };
        if (groupBy.length !== 1 || data.datasets.length !== 1) {
            return super._getLineOverlayDataset();
        }
        const [bars] = data.datasets;
        const whole = bars.data.reduce((sum, value) => sum + value, 0);
        let reached = 0;
        const shares = bars.data.map((value) => {
            reached += value;
            return whole ? Math.round((1000 * reached) / whole) / 10 : 0;
        });
        const label = _t("Together, %");
        return {
            label,
            data: shares,
            currencyIds: [],
            trueLabels: bars.trueLabels.map(() => label),
            yAxisID: "share",
        };
    }
}

class ParetoRenderer extends GraphRenderer {
    getScaleOptions() {
        const scales = super.getScaleOptions();
        if (this.model.lineOverlayDataset?.yAxisID === "share") {
            scales.share = {
                type: "linear",
                position: "right",
                min: 0,
                max: 100,
                grid: { display: false },
                ticks: { callback: (value) => `${value} %` },
            };
        }
        return scales;
    }
}

registry.category("views").add("crm_procedure_pareto", {
    ...graphView,
    Model: ParetoModel,
    Renderer: ParetoRenderer,
});
