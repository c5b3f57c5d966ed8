import re
from collections import Counter
from pathlib import Path

import polib
from lxml import etree

from odoo.tests import TransactionCase, tagged
from odoo.tools.misc import file_path
from odoo.tools.translate import TranslationModuleReader

ADDON = "crm_procedure"
SAME_IN_CHINESE = {
    "ID",
    "<span>@</span>",
    "of",  # "16 of 32": a stroke
    "%(count)s: %(state)s",
    "%(indicator)s: %(reason)s",
    "%(review)s: %(conclusion)s",
}

PLACEHOLDER = re.compile(r"%\(\w+\)[-+ 0#]*\d*(?:\.\d+)?[sdfg]|%[sdfg%](?![A-Za-z])|\{\w*\}")
TAG = re.compile(r"</?[a-zA-Z][^>]*>")
SPOKEN_ATTRIBUTE = re.compile(r"""\b(?:aria-label|alt|title|placeholder|data-tooltip)=("[^"]*"|'[^']*')""")
CHINESE = re.compile("[\u4e00-\u9fff]")


@tagged("post_install", "-at_install")
class TestI18n(TransactionCase):
    """Every word that the addon shows is there in Simplified Chinese."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = polib.pofile(file_path(f"{ADDON}/i18n/{ADDON}.pot"))
        cls.chinese = polib.pofile(file_path(f"{ADDON}/i18n/zh_CN.po"))
        reader = TranslationModuleReader(cls.env.cr, modules=[ADDON], lang="zh_CN")
        cls.terms = {source for _module, _type, _name, _id, source, *_rest in reader} | cls._demo_terms()

    @classmethod
    def _demo_terms(cls):
        """:return: translatable texts of the demo data, which a database need not hold"""
        terms = set()
        for path in Path(file_path(f"{ADDON}/demo")).glob("*.xml"):
            for field in etree.parse(path).iterfind(".//record/field[@name]"):
                model = cls.env[field.getparent().get("model")]
                if model._fields[field.get("name")].translate and field.text:
                    terms.add(field.text)
        return terms

    def assertNoTerms(self, terms, message):
        if terms:
            self.fail("\n".join([message, *(f"  {term!r}" for term in sorted(terms))]))

    def test_template_is_up_to_date(self):
        stands = {entry.msgid for entry in self.template}
        self.assertNoTerms(self.terms - stands, "Export the template again, it lacks:")
        self.assertNoTerms(stands - self.terms, "Export the template again, these are gone:")

    def test_chinese_is_complete(self):
        translated = {entry.msgid for entry in self.chinese if entry.msgstr.strip()}
        self.assertNoTerms(self.terms - translated, "Not translated in zh_CN.po:")

    def test_nothing_fuzzy(self):
        self.assertNoTerms({entry.msgid for entry in self.chinese if entry.fuzzy}, "Fuzzy in zh_CN.po:")

    def test_nothing_left_over(self):
        left_over = {entry.msgid for entry in self.chinese if entry.obsolete or entry.msgid not in self.terms}
        self.assertNoTerms(left_over, "Left over in zh_CN.po:")

    def test_nothing_twice(self):
        counts = Counter(entry.msgid for entry in self.chinese)
        self.assertNoTerms({term for term, count in counts.items() if count > 1}, "More than once in zh_CN.po:")

    def test_chinese_is_chinese(self):
        copied = {
            entry.msgid
            for entry in self.chinese
            if not CHINESE.search(entry.msgstr) and entry.msgid not in SAME_IN_CHINESE
        }
        self.assertNoTerms(copied, "Holds no Chinese in zh_CN.po:")

    def test_placeholders_and_tags(self):
        different = {
            entry.msgid
            for entry in self.chinese
            if _placeholders(entry.msgid) != _placeholders(entry.msgstr) or _tags(entry.msgid) != _tags(entry.msgstr)
        }
        self.assertNoTerms(different, "Placeholders or tags differ in zh_CN.po:")


def _placeholders(text):
    return Counter(PLACEHOLDER.findall(text))


def _tags(text):
    """Tags in their order; what screen readers say of them is translated."""
    return [SPOKEN_ATTRIBUTE.sub("", tag) for tag in TAG.findall(text)]
