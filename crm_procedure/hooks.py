def uninstall_hook(env):
    """Remove what the addon made while it ran and Odoo does not know as its own."""
    env["ir.sequence"].search([("code", "=like", "crm.procedure.%")]).unlink()
