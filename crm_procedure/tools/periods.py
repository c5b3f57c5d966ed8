"""Periods as people call them, in the reader's language: July 2026, Q3 2026; 2026年7月, 2026年第3季度."""

from babel.dates import format_skeleton

from odoo.tools import get_lang
from odoo.tools.misc import babel_locale_parse

MONTH, QUARTER, YEAR = "yMMMM", "yQQQ", "y"


def period_name(env, day, period):
    """:param period: ``MONTH``, ``QUARTER`` or ``YEAR``, the one that ``day`` lies in"""
    return format_skeleton(period, day, locale=babel_locale_parse(get_lang(env).code))
