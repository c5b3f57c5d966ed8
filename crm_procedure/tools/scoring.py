"""The set-based heart of grading: measures, points, score and grade as one SQL query.

The formula is written once, here, in SQL; whoever needs a score (a run over all
customers, the explanation of one line, a customer file being looked at) asks for the
same expressions over other rows.

    points = 100 * (value - value_zero) / (value_full - value_zero), cut to 0..100
    score  = sum(weight * points) / sum(weight), rounded to two decimals
    grade  = the best grade whose minimum score is reached

Measures (REQUIREMENTS.md G1, X2), all as of the day of the run:

``sales_amount``  untaxed value of the confirmed orders in the window, in company
    currency at the rate of the order, less what was credited and not invoiced again
``order_count``   how many of them are worth more than nothing
``recency``       days since the last of these
``potential``, ``standing``, ``credit``  the marks on the customer; none: no points
"""

from odoo.tools import SQL

from .orders import Orders

LESS_IS_BETTER = {"recency"}

STANDINGS = {"small": 0, "average": 1, "major": 2, "leader": 3}
CREDITS = {"poor": 0, "normal": 1, "good": 2}

DEFAULT_SCALES = {
    "sales_amount": (0, 100000),
    "order_count": (0, 12),
    "recency": (180, 30),
    "potential": (0, 100),
    "standing": (0, 3),
    "credit": (0, 2),
}

# columns of a measured row, in the order in which every query here gives them
MEASURES = ("sales_amount", "order_count", "recency", "potential", "standing", "credit")


class Scoring(Orders):
    """Scores the customers of one company on one day by frozen criteria.

    :param env: environment, only for its cursor
    :param int company_id: whose orders count and whose grade is compared
    :param date day: orders up to the end of this day count
    :param dict rules: ``{"criteria": [{measure, weight, value_zero, value_full, …}],
        "grades": [{id, minimum_score, …}] best first, "window": months, "tz": name}``
    """

    def __init__(self, env, company_id, day, rules):
        super().__init__(env, company_id, day, rules["tz"], rules["window"])
        self.criteria = rules["criteria"]
        self.grades = rules["grades"]

    # ------------------------------------------------------------
    # Figures for all customers
    # ------------------------------------------------------------

    def moves(self):
        """Read only.

        :return: list of (grade id now, grade id then, number of customers)
        """
        self._flush()
        query = SQL(
            "SELECT previous_grade_id, grade_id, count(*) FROM (%s) graded GROUP BY 1, 2",
            self._graded(),
        )
        return self.env.execute_query(query)

    def insert_lines(self, grading_id, skip_ids=()):
        """Store a line for each customer whose grade changes, except ``skip_ids``.

        One pass over the orders gives both the lines and the figures.

        :return: the same list as ``moves``, over all customers
        """
        self._flush()
        query = SQL(
            """
            WITH graded AS MATERIALIZED (%(graded)s),
            inserted AS (
                INSERT INTO crm_procedure_grading_line
                    (grading_id, partner_id, %(measures)s, score, previous_grade_id,
                     computed_grade_id, grade_id, move)
                SELECT %(grading)s, partner_id, %(measures)s, score, previous_grade_id,
                       grade_id, grade_id, %(move)s
                FROM graded
                WHERE grade_id IS DISTINCT FROM previous_grade_id AND partner_id != ALL(%(skip)s)
                ORDER BY partner_id -- about as they lie on disk: so they are written later, too
            )
            SELECT previous_grade_id, grade_id, count(*) FROM graded GROUP BY 1, 2
            """,
            graded=self._graded(),
            grading=grading_id,
            measures=_columns(MEASURES),
            move=self._move(),
            skip=list(skip_ids),
        )
        return self.env.execute_query(query)

    def all_customers(self):
        """:return: SQL, good at this moment: one row per customer in scope, with partner_id,
        previous_grade_id, the measures, score and grade_id
        """
        self._flush()
        return self._graded()

    # ------------------------------------------------------------
    # Single customers and lines
    # ------------------------------------------------------------

    def customers(self, partner_ids):
        """Measures, score and grade of some customers; the ones out of scope are left out.

        :param partner_ids: ids of commercial partners
        :return: {partner id: {measure: value, "score", "previous_grade_id", "grade_id"}}
        """
        if not partner_ids:
            return {}
        self._flush()
        rows = self.env.execute_query_dict(SQL("SELECT * FROM (%s) graded", self._graded(list(partner_ids))))
        return {row.pop("partner_id"): row for row in rows}

    def explain(self, measures):
        """Points and share of each criterion for measured values.

        :param dict measures: {measure: value}, as ``customers`` or a line gives them
        :return: list of {name, measure, value, weight, points, contribution,
            value_zero, value_full}; the contributions add up to the score
        """
        row = SQL(
            "(SELECT %s) row",
            SQL(", ").join(
                SQL("%s::%s AS %s", measures[name], _TYPES[name], SQL.identifier(name)) for name in MEASURES
            ),
        )
        points = SQL(", ").join(self._points(criterion) for criterion in self.criteria)
        [values] = self.env.execute_query(SQL("SELECT %s FROM %s", points, row))
        total = sum(criterion["weight"] for criterion in self.criteria)
        return [
            dict(
                criterion,
                value=measures[criterion["measure"]],
                points=value,
                contribution=criterion["weight"] * value / total,
            )
            for criterion, value in zip(self.criteria, values, strict=True)
        ]

    def percentile(self, measure, share):
        """The value that ``share`` (0..1) of the customers with any stay below.

        :return: float, or None when nobody has a value above zero
        """
        self._flush()
        column = SQL.identifier(measure)
        query = SQL(
            "SELECT percentile_cont(%s) WITHIN GROUP (ORDER BY %s) FROM (%s) measured WHERE %s > 0",
            share,
            column,
            self._measured(None),
            column,
        )
        return self.env.execute_query(query)[0][0]

    # ------------------------------------------------------------
    # SQL
    # ------------------------------------------------------------

    def _graded(self, partner_ids=None):
        """One row per customer in scope: measures, score, grade now and then."""
        grade = SQL("NULL")
        if self.grades:
            grade = SQL(
                "CASE %s END",
                SQL(" ").join(SQL("WHEN score >= %s THEN %s", row["minimum_score"], row["id"]) for row in self.grades),
            )
        # OFFSET 0: measures and score are computed once, not again wherever they are used
        return SQL(
            """
            SELECT partner_id, previous_grade_id, %(measures)s, score, %(grade)s::int AS grade_id
            FROM (
                SELECT partner_id, previous_grade_id, %(measures)s, %(score)s AS score
                FROM (%(measured)s OFFSET 0) measured OFFSET 0
            ) scored
            """,
            measures=_columns(MEASURES),
            grade=grade,
            score=self._score(),
            measured=self._measured(partner_ids),
        )

    def _measured(self, partner_ids):
        """The customers in scope: active commercial partners of the company who are
        customers, have ordered in the window, or hold a grade already."""
        only = SQL("AND p.id = ANY(%s)", partner_ids) if partner_ids is not None else SQL()
        previous = SQL("(p.procedure_grade_id->>%s)::int", str(self.company_id))
        return SQL(
            """
            SELECT p.id AS partner_id,
                   %(previous)s AS previous_grade_id,
                   COALESCE(o.sales_amount, 0) AS sales_amount,
                   COALESCE(o.order_count, 0)::int AS order_count,
                   %(day)s::date - ((o.last_order AT TIME ZONE 'UTC') AT TIME ZONE %(tz)s)::date AS recency,
                   p.procedure_potential AS potential,
                   p.procedure_standing AS standing,
                   p.procedure_credit AS credit
            FROM res_partner p
            LEFT JOIN (%(orders)s) o ON o.partner_id = p.id
            WHERE p.active
              AND COALESCE(p.commercial_partner_id = p.id, FALSE)
              AND (p.company_id IS NULL OR p.company_id = %(company)s)
              AND (p.customer_rank > 0 OR o.partner_id IS NOT NULL OR %(previous)s IS NOT NULL)
              AND p.id != ALL (ARRAY(SELECT partner_id FROM res_company))
              %(only)s
            """,
            previous=previous,
            day=self.day,
            tz=self.tz,
            orders=self._orders(partner_ids),
            company=self.company_id,
            only=only,
        )

    def _score(self):
        total = sum(criterion["weight"] for criterion in self.criteria)
        weighted = SQL(" + ").join(
            SQL("%s::float8 * %s", criterion["weight"] / total, self._points(criterion)) for criterion in self.criteria
        )
        return SQL("round((%s) * 100) / 100", weighted)

    @staticmethod
    def _points(criterion):
        """Points 0–100 of one criterion; a value that is not known earns none."""
        zero, full = criterion["value_zero"], criterion["value_full"]
        return SQL(
            "COALESCE(100 * LEAST(1, GREATEST(0, (%s::float8 - %s::float8) / %s::float8)), 0)",
            _value(criterion["measure"]),
            zero,
            full - zero,
        )

    def _move(self):
        """Direction of a change, by the rank of the grades; a grade not ranked here
        (archived, or of another profile) counts as none."""
        if not self.grades:
            return SQL("'down'")
        rank = SQL(" ").join(SQL("WHEN %s THEN %s", row["id"], n) for n, row in enumerate(self.grades))
        return SQL(
            """
            CASE
                WHEN grade_id IS NULL THEN 'down'
                WHEN (CASE previous_grade_id %(rank)s END) IS NULL THEN 'new'
                WHEN (CASE grade_id %(rank)s END) < (CASE previous_grade_id %(rank)s END) THEN 'up'
                ELSE 'down'
            END
            """,
            rank=rank,
        )


_TYPES = {
    "sales_amount": SQL("float8"),
    "order_count": SQL("int"),
    "recency": SQL("int"),
    "potential": SQL("int"),
    "standing": SQL("varchar"),
    "credit": SQL("varchar"),
}


def _columns(names):
    return SQL(", ").join(SQL.identifier(name) for name in names)


def _value(measure):
    """The number that a measure is rated by."""
    column = SQL.identifier(measure)
    ranks = {"standing": STANDINGS, "credit": CREDITS}.get(measure)
    if ranks is None:
        return column
    return SQL(
        "CASE %s %s END", column, SQL(" ").join(SQL("WHEN %s THEN %s", key, rank) for key, rank in ranks.items())
    )
