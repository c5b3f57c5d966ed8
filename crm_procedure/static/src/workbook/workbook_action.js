import { download } from "@web/core/network/download";
import { registry } from "@web/core/registry";

/** Fetch a workbook; a refusal comes up as a dialog, as it does for any other call. */
async function downloadWorkbook(env, action) {
    env.services.ui.block();
    try {
        await download(action.params);
    } finally {
        env.services.ui.unblock();
    }
    return { type: "ir.actions.act_window_close" };
}

registry.category("actions").add("crm_procedure.workbook", downloadWorkbook);
