from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools import clock

HOUR = 3600
DAYS = 20
MOMENT = st.integers(0, DAYS * 24)


def calendar(leaves):
    """Two windows a day, 8–12 and 13–17, no week-ends, but for days of leave."""
    return [
        ((24 * day + start) * HOUR, (24 * day + end) * HOUR)
        for day in range(DAYS * 3)
        if day % 7 < 5 and day not in leaves
        for start, end in ((8, 12), (13, 17))
    ]


def slow_due(intervals, spans, limit):
    """Hour by hour, as one would count on paper."""
    left = limit
    for hour in range(DAYS * 3 * 24):
        moment = hour * HOUR
        works = any(start <= moment < end for start, end in intervals)
        counts = any(start <= moment and (end is None or moment < end) for start, end in spans)
        if works and counts:
            left -= HOUR
            if left == 0:
                return moment + HOUR
    return None


leaves_strategy = st.sets(st.integers(0, DAYS), max_size=4)
# moments at which the ticket changes hands: ours, the customer's, ours …
moves_strategy = st.lists(MOMENT, min_size=1, max_size=7, unique=True).map(sorted)
limit_strategy = st.integers(1, 60)


def spans_of(moves):
    moves = [move * HOUR for move in moves]
    ends = [*moves[1:], None]
    return [span for index, span in enumerate(zip(moves, ends, strict=True)) if index % 2 == 0]


@tagged("post_install", "-at_install")
class TestClock(BaseCase):
    """S11, C10: deadlines are a function of the periods in which we held a ticket."""

    @settings(deadline=None, max_examples=150)
    @given(leaves_strategy, moves_strategy, limit_strategy)
    def test_as_counted_on_paper(self, leaves, moves, limit):
        intervals, spans = calendar(leaves), spans_of(moves)
        expected = slow_due(intervals, spans, limit * HOUR)
        found = clock.due(clock.WorkTime(intervals), spans, limit * HOUR)
        if expected is None:
            last = spans[-1][1]
            self.assertTrue(found is None or (last is not None and found >= last), "in time when the clock stopped")
        else:
            self.assertEqual(found, expected)

    @settings(deadline=None)
    @given(leaves_strategy, moves_strategy, limit_strategy, MOMENT)
    def test_a_period_in_two_pieces_is_the_same(self, leaves, moves, limit, cut):
        """Reopening, or handing over between departments, moves no deadline."""
        time, spans, cut = clock.WorkTime(calendar(leaves)), spans_of(moves), cut * HOUR
        pieces = []
        for start, end in spans:
            inside = start < cut and (end is None or cut < end)
            pieces += [(start, cut), (cut, end)] if inside else [(start, end)]
        self.assertEqual(clock.due(time, pieces, limit * HOUR), clock.due(time, spans, limit * HOUR))
        self.assertEqual(clock.merge(pieces), clock.merge(spans))

    @settings(deadline=None)
    @given(leaves_strategy, moves_strategy, limit_strategy)
    def test_a_pause_never_brings_the_deadline_nearer(self, leaves, moves, limit):
        time, spans = clock.WorkTime(calendar(leaves)), spans_of(moves)
        through = clock.due(time, [(spans[0][0], None)], limit * HOUR)
        paused = clock.due(time, spans, limit * HOUR)
        self.assertTrue(paused is None or paused >= through)

    @settings(deadline=None)
    @given(leaves_strategy, MOMENT, limit_strategy, st.integers(0, DAYS))
    def test_a_leave_never_brings_it_nearer(self, leaves, start, limit, leave):
        spans = [(start * HOUR, None)]
        before = clock.due(clock.WorkTime(calendar(leaves)), spans, limit * HOUR)
        after = clock.due(clock.WorkTime(calendar(leaves | {leave})), spans, limit * HOUR)
        self.assertTrue(after is None or after >= before)

    @settings(deadline=None)
    @given(leaves_strategy, moves_strategy, MOMENT, limit_strategy)
    def test_used_up_exactly_at_the_deadline(self, leaves, moves, _now, limit):
        time, spans = clock.WorkTime(calendar(leaves)), spans_of(moves)
        moment = clock.due(time, spans, limit * HOUR)
        last = spans[-1][1]
        if moment is not None and (last is None or moment <= last):
            self.assertEqual(clock.used(time, spans, moment), limit * HOUR)

    def test_over_night_and_week_end(self):
        """ERPNext PR#49414: a pause over night costs its working time, not its hours."""
        time = clock.WorkTime(calendar(set()))
        friday = 4 * 24
        held = [((friday + 9) * HOUR, (friday + 16) * HOUR), ((friday + 72 + 9) * HOUR, None)]
        self.assertEqual(clock.due(time, held, 8 * HOUR), (friday + 72 + 11) * HOUR)

    def test_nothing_and_beyond(self):
        time = clock.WorkTime(calendar(set()))
        self.assertIsNone(clock.due(time, [], HOUR))
        self.assertIsNone(clock.due(time, [(0, None)], 10**9))
        self.assertEqual(clock.due(clock.Always(), [(5, None)], 7), 12)

    def test_merge(self):
        self.assertEqual(clock.merge([(5, 9), (1, 3), (2, 6), (20, None), (30, 40)]), [(1, 9), (20, None)])

    def test_seconds_and_back(self):
        moment = datetime(2026, 3, 29, 1, 30)
        self.assertEqual(clock.naive(clock.seconds(moment)), moment)
        self.assertIsNone(clock.seconds(False))
        self.assertFalse(clock.naive(None))
