"""Add up the results in the folder given: one line per suite, the total last.

A suite without a result file did not get as far as writing it: one failure.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def suite(path):
    """Return (passed, failed, skipped) of a JUnit file as pytest writes it."""
    try:
        suites = ElementTree.parse(path).getroot().findall("testsuite")
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0
    counts = [
        sum(int(found.get(name, 0)) for found in suites)
        for name in ("tests", "failures", "errors", "skipped")
    ]
    total, failed, skipped = counts[0], counts[1] + counts[2], counts[3]
    return max(total - failed - skipped, 0), failed, skipped


def main(folder):
    """Print the lines; return the exit code."""
    lint = int((folder / "ruff").read_text())
    results = {
        "ruff": (1 - lint, lint, 0),
        "addon": suite(folder / "addon.xml"),
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
