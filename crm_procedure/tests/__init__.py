from . import (
    test_figures,
    test_grading,
    test_grading_apply,
    test_powers,
    test_records,
)
