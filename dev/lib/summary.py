"""Add up the results in the folder given: one line per suite, the total last.

A suite without a result file did not get as far as writing it: one failure.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def suite(path):
    """Return (passed, failed, skipped) tests of a JUnit file as pytest writes it.

    Its own totals count each subtest as a test; here a test with a failed subtest is one failure.
    """
    try:
        tests = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0
    kinds = [{child.tag for child in test} for test in tests]
    failed = sum(bool(kind & {"failure", "error"}) for kind in kinds)
    skipped = sum("skipped" in kind and not kind & {"failure", "error"} for kind in kinds)
    return len(tests) - failed - skipped, failed, skipped


def main(folder):
    """Print the lines; return the exit code."""
    lint = int((folder / "ruff").read_text())
    results = {
        "ruff": (1 - lint, lint, 0),
        "addon": suite(folder / "addon.xml"),
        "demo data": suite(folder / "demo.xml"),
        "black-box": suite(folder / "blackbox.xml"),
    }
    line = "{} passed, {} failed, {} skipped"
    for name, counts in results.items():
        print(f"{name:10}", line.format(*counts))
    total = [sum(column) for column in zip(*results.values(), strict=True)]
    print(line.format(*total))
    return int(total[1] > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
