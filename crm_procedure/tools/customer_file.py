"""Which entries make up a customer file: the one list that forms, changes and checks read.

An entry is a field of ``res.partner``; ``CONTACT`` stands for a person at the customer who
can be reached. Fields that a company adds by itself (``x_…``) belong to the file as well.
"""

CONTACT = "contact"

# What the procedure may require, and anybody may propose to change.
ENTRIES = (
    "name",
    "industry_id",
    "vat",
    "company_registry",
    "street",
    "street2",
    "city",
    "state_id",
    "zip",
    "country_id",
    "phone",
    "email",
    "website",
    "function",
    "procedure_source_id",
    "procedure_size",
    "procedure_needs",
)

# Only the procedure may require these; sales changes them on the customer.
REQUIRED_ONLY = ("user_id",)

# Minimum fields of the registration form (003 step 1, I4).
DEFAULT_REQUIRED = ("name", "industry_id", CONTACT, "procedure_size", "procedure_needs")

# What a private customer does not have.
COMPANIES_ONLY = ("industry_id", "company_registry", "procedure_size", "vat")
# What only a person has.
PERSONS_ONLY = ("function",)

# What identifies or describes a person, erased when they ask for it (PIPL 47).
PERSONAL = (
    "email",
    "phone",
    "website",
    "function",
    "street",
    "street2",
    "city",
    "zip",
    "vat",
    "ref",
    "barcode",
    "comment",
    "image_1920",
    "procedure_card_note",
    "procedure_home_address",
    "procedure_birthday",
    "procedure_needs",
)
