"""Figures that do not deceive: shares and net scores with the interval they are sure of (Q4, ISO 10004).

Knows no model. Answers come in strata, one for each grade; a stratum stands for its whole
population, and no more is claimed than the answers carry. Without answers there is no
figure: ``None``, never 0 % or 100 %. Shares are 0 to 1, net scores -1 to 1.

Sources:
- Cochran, W. G. (1977), Sampling Techniques, 3rd ed., Wiley: sample size and finite population
  correction (ch. 4), proportional allocation and stratified estimates (ch. 5).
- Wilson, E. B. (1927), JASA 22, 209-212: the score interval of a share.
- Kish, L. (1965), Survey Sampling, Wiley, ch. 11.7: the effective number of answers of a weighted sample.
- Rocks, B. (2016), The American Statistician 70(4), 365-372: adjusted Wald interval of the net promoter score.
- Newcombe, R. G. (1998), Statistics in Medicine 17, 857-872 (one share) and 873-890 (difference of two,
  method 10); Zou, G. Y., Donner, A. (2008), Statistics in Medicine 27, 1693-1702 for any two intervals.
"""

import math
from typing import NamedTuple

Z = 1.959964  # 95 %
PRIOR = 3  # answers that Rocks adds, a quarter each for and against


class Estimate(NamedTuple):
    """:param answers: how many it rests on"""

    value: float
    low: float
    high: float
    answers: int


class Stratum(NamedTuple):
    """Answers of one grade.

    :param population: customers that the grade has, answered or not
    :param answers: how many answered this
    :param hits: of these, satisfied ones (share) or promoters (net score)
    :param misses: of these, detractors (net score)
    """

    population: int
    answers: int
    hits: int
    misses: int = 0


# ------------------------------------------------------------
# How many to ask
# ------------------------------------------------------------


def sample_size(population, margin, share=0.5):
    """Answers needed so that a share is known within ``margin``, 95 times of 100.

    n0 = z² p(1-p) / e²;  n = n0 / (1 + (n0-1)/N)   (Cochran 1977, 4.4)

    :param margin: half the width of the interval, e.g. 0.05
    :return: whole number, at most ``population``
    """
    if population <= 0:
        return 0
    first = Z * Z * share * (1 - share) / (margin * margin)
    return min(population, max(1, math.ceil(first / (1 + (first - 1) / population) - 1e-9)))


def allocate(sizes, total, floor=0):
    """Share ``total`` out in proportion to the strata (Cochran 1977, 5.4), largest remainder first.

    :param dict sizes: {key: members}
    :param floor: so many for each stratum, or all it has; comes on top where the share is smaller
    :return: {key: number}, none above the size of its stratum
    """
    whole = sum(sizes.values())
    total = min(total, whole)
    exact = {key: total * size / whole for key, size in sizes.items() if size}
    shares = {key: math.floor(value) for key, value in exact.items()}
    rest = sorted(exact, key=lambda key: (shares[key] - exact[key], str(key)))
    for key in rest[: total - sum(shares.values())]:
        shares[key] += 1
    return {key: min(size, max(shares.get(key, 0), min(floor, size))) for key, size in sizes.items()}


# ------------------------------------------------------------
# Estimates
# ------------------------------------------------------------


def wilson(share, size):
    """The score interval of a share (Wilson 1927).

    :param size: number of answers, possibly an effective one; infinite for a full count
    :return: (low, high)
    """
    if math.isinf(size):
        return share, share
    square = Z * Z / size
    centre = share + square / 2
    spread = Z * math.sqrt(max(0.0, share * (1 - share) / size + square / (4 * size)))
    return max(0.0, (centre - spread) / (1 + square)), min(1.0, (centre + spread) / (1 + square))


def weighted_share(strata):
    """A share of all customers from the answers of each grade, weighted by what the grade stands for.

    p = Σ W_h p_h (Cochran 1977, 5.3), with Wilson's interval at the effective number of answers.

    :param strata: iterable of ``Stratum``
    :return: ``Estimate``, or None without answers
    """
    strata = _answered(strata)
    if not strata:
        return None
    share = _weighted(strata, lambda stratum: stratum.hits / stratum.answers)
    low, high = wilson(share, effective_size(strata))
    return Estimate(share, min(low, share), max(high, share), _count(strata))


def weighted_net(strata):
    """Promoters less detractors, of all answers, weighted as a share is.

    The point is the plain one; the interval is Rocks's (2016) adjusted Wald: as if 3 more had
    answered, three quarters of one each for and against, so that three equal answers are not
    certainty.  s² = p + d - (p-d)²

    :return: ``Estimate`` from -1 to 1, or None without answers
    """
    strata = _answered(strata)
    if not strata:
        return None
    hits = _weighted(strata, lambda stratum: stratum.hits / stratum.answers)
    misses = _weighted(strata, lambda stratum: stratum.misses / stratum.answers)
    net = hits - misses
    size = effective_size(strata)
    if math.isinf(size):
        return Estimate(net, net, net, _count(strata))
    more = size + PRIOR
    hits, misses = (hits * size + PRIOR / 4) / more, (misses * size + PRIOR / 4) / more
    centre = hits - misses
    spread = Z * math.sqrt(max(0.0, hits + misses - centre * centre) / more)
    low, high = max(-1.0, centre - spread), min(1.0, centre + spread)
    return Estimate(net, min(low, net), max(high, net), _count(strata))


def effective_size(strata):
    """How many answers of a plain random sample the weighted ones are worth.

    1 / Σ W_h² (1-f_h) / n_h, with f_h = n_h/N_h the share of the grade that answered (Kish 1965;
    finite population correction: Cochran 1977, 5.6). Ignores what stratifying gains, so errs on
    the wide side.

    :return: float, infinite when everybody answered
    """
    strata = _answered(strata)
    whole = sum(stratum.population for stratum in strata)
    variance = 0.0
    for population, answers, *_counts in strata:
        if population > answers:
            # (N-n)/(N-1), not 1-n/N: with one answer the correction is none at all
            correction = (population - answers) / (population - 1)
            variance += (population / whole) ** 2 * correction / answers
    return 1 / variance if variance else math.inf


def difference(now, before):
    """How far two figures lie apart, and whether more than chance would put them.

    low = d - √((v1-l1)² + (u2-v2)²), high = d + √((u1-v1)² + (v2-l2)²)   (Newcombe 1998, method 10)

    The two are taken as independent; customers who answered both make the truth no less certain.

    :param now: ``Estimate``
    :param before: ``Estimate``
    :return: ``Estimate`` of the difference, or None when one of them is missing
    """
    if not now or not before:
        return None
    gap = now.value - before.value
    down = math.hypot(now.value - now.low, before.high - before.value)
    up = math.hypot(now.high - now.value, before.value - before.low)
    return Estimate(gap, gap - down, gap + up, min(now.answers, before.answers))


def is_significant(gap):
    """:param gap: what ``difference`` gives
    :return: whether its interval leaves zero out
    """
    return bool(gap) and (gap.low > 0 or gap.high < 0)


# ------------------------------------------------------------
# Tools
# ------------------------------------------------------------


def _answered(strata):
    """:return: strata with answers; none has fewer members than answers"""
    return [
        stratum._replace(population=max(stratum.population, stratum.answers)) for stratum in strata if stratum.answers
    ]


def _weighted(strata, value):
    whole = sum(stratum.population for stratum in strata)
    return sum(stratum.population / whole * value(stratum) for stratum in strata)


def _count(strata):
    return sum(stratum.answers for stratum in strata)
