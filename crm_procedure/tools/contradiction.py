"""Whether a customer who presses Accept says something else beside it (glpi#24519).

Asking once more costs the customer a click; closing what is not solved costs their trust.
So the words are looked for generously, in the languages that the forms speak.
"""

import re

LOW = 2

ENGLISH = re.compile(
    r"\b(?:not|never|still|again|un(?:solved|resolved|acceptable|happy|satisf\w+)|dis(?:satisf\w+|appoint\w+)"
    r"|fail\w*|broken|worse|bad|wrong|refus\w+|reject\w*|complain\w*|isn'?t|doesn'?t|didn'?t|won'?t|can'?t|wasn'?t)\b",
    re.IGNORECASE,
)
FRIENDLY = re.compile(
    r"\b(?:not bad|no problems?|not? (?:further|other|more) (?:question|problem|issue)s?)\b", re.IGNORECASE
)
CHINESE = re.compile(
    "没有?(?:解决|修好|处理|收到|回复|改善)|未(?:解决|处理|修好|收到)|不(?:满意|接受|同意|行|能用|可以|好|认可)"
    "|仍然|还是|依然|依旧|又(?:坏|出现|发生)|再次(?:出现|发生)|失望|太差|很差|糟糕|投诉|拒绝|有问题|故障"
)
FRIENDLY_CHINESE = re.compile("不错|没有?问题|没有?其他问题|不好意思|还是(?:很|挺|比较)?(?:满意|不错|好)")


def contradicts(rating, rating_handling, comment):
    """:param int rating: of the result, 1 to 5; 0: not given
    :return: whether "accepted" does not go with the rest

    >>> contradicts(5, 5, "Thanks")
    False
    >>> contradicts(1, 5, "")
    True
    >>> contradicts(5, 5, "but it is still not working")
    True
    >>> contradicts(4, 4, "不错,没问题")
    False
    """
    if any(0 < value <= LOW for value in (rating, rating_handling)):
        return True
    text = FRIENDLY_CHINESE.sub("", FRIENDLY.sub("", comment or ""))
    return bool(ENGLISH.search(text) or CHINESE.search(text))
