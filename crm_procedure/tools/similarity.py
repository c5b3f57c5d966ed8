"""How alike two texts are, by pairs of neighbouring letters: works for Chinese and for Latin script."""

import re

LETTERS = re.compile(r"\w", re.UNICODE)
LOOKED_AT = 2000  # characters of each


def pairs(text):
    letters = "".join(LETTERS.findall((text or "")[:LOOKED_AT].lower()))
    return {letters[index : index + 2] for index in range(len(letters) - 1)}


def likeness(one, other):
    """:return: 0 to 1 (Dice's coefficient of the letter pairs)

    >>> likeness("Broken seal", "broken SEAL!")
    1.0
    >>> likeness("包装破损", "外包装有破损") > 0.4
    True
    >>> likeness("", "anything")
    0.0
    """
    one, other = pairs(one), pairs(other)
    if not (one and other):
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))
