"""The fair clock: when a limit is used up, from the periods in which we held a ticket (S11, C10).

Pure functions on seconds since 1970 (UTC). A calendar becomes one sorted list of working
periods; where a moment lies in it is found by bisection. Deadlines are always computed from
all periods of a round, never moved by a difference, so that pausing, reopening and a leave
entered later give what they would have given from the start (glpi#15605).
"""

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from itertools import accumulate

EPOCH = datetime(1970, 1, 1)


class Always:
    """Calendar time: every second counts."""

    def until(self, moment):
        return moment

    def moment(self, seconds):
        return seconds


class WorkTime:
    """The working time of a calendar.

    :param intervals: sorted, disjoint (start, end) in seconds
    """

    def __init__(self, intervals):
        self.starts = [start for start, _end in intervals]
        self.ends = [end for _start, end in intervals]
        self.sums = list(accumulate((end - start for start, end in intervals), initial=0))

    def until(self, moment):
        """:return: working seconds from the beginning of the list until ``moment``"""
        index = bisect_right(self.starts, moment) - 1
        if index < 0:
            return 0
        return self.sums[index] + min(moment, self.ends[index]) - self.starts[index]

    def moment(self, seconds):
        """:return: the first moment by which ``seconds`` were worked, or None behind the end of the list"""
        index = max(bisect_left(self.sums, seconds), 1) - 1
        if index >= len(self.starts):
            return None
        return self.starts[index] + seconds - self.sums[index]


def add(time, moment, seconds):
    """:return: when ``seconds`` of ``time`` have passed since ``moment``, or None"""
    return time.moment(time.until(moment) + seconds)


def used(time, spans, now):
    """:return: seconds of ``time`` within ``spans`` until ``now``"""
    return sum(time.until(now if end is None else min(end, now)) - time.until(min(start, now)) for start, end in spans)


def due(time, spans, limit):
    """When ``limit`` seconds of ``time`` are used up.

    After the last period has ended the limit stands where it stood then: an answer is in
    time when it came before this moment.

    :param spans: sorted, disjoint (start, end) of the periods that count; the last end may be None
    :return: seconds, or None without periods or behind the end of the list
    """
    left, moment = limit, None
    for start, end in spans:
        moment = time.until(start) + left
        if end is None:
            break
        passed = time.until(end) - time.until(start)
        if passed >= left:
            break
        left -= passed
        moment = time.until(end) + left
    return None if moment is None else time.moment(moment)


def merge(spans):
    """:return: sorted, disjoint periods that cover the same time; an end of None never ends"""
    result = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if result and (result[-1][1] is None or start <= result[-1][1]):
            last = result[-1]
            longer = None if end is None or last[1] is None else max(last[1], end)
            result[-1] = (last[0], longer)
        else:
            result.append((start, end))
    return result


def seconds(moment):
    """:param datetime moment: naive UTC, or empty"""
    return int((moment - EPOCH).total_seconds()) if moment else None


def naive(moment):
    """:return: naive UTC datetime of a number of seconds, or False"""
    return EPOCH + timedelta(seconds=moment) if moment is not None else False
