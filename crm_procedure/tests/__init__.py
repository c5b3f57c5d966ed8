from . import (
    test_demo,
    test_figures,
    test_grading,
    test_grading_apply,
    test_i18n,
    test_invoice_loader,
    test_powers,
    test_procedure,
    test_records,
    test_scoring,
    test_tours,
)
