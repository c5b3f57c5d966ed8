"""The few causes behind most of what happens (ISO 10002 8.2; the 80/20 of Juran)."""


def pareto(counts, most=10):
    """:param counts: list of (id, name, number), in any order
    :param int most: rows that stand alone; the others are one row, its id 0 and its name ""
    :return: list of dicts, most frequent first: id, name, count, and in per cent ``share`` and
        ``together``, the share of this row and all above it
    """
    ordered = sorted(counts, key=lambda row: (-row[2], row[0]))
    rest = sum(number for _id, _name, number in ordered[most:])
    rows = [{"id": id_, "name": name, "count": number} for id_, name, number in ordered[:most]]
    if rest:
        rows.append({"id": 0, "name": "", "count": rest})
    total, reached = sum(row["count"] for row in rows), 0
    for row in rows:
        reached += row["count"]
        row["share"] = round(100 * row["count"] / total, 1)
        row["together"] = round(100 * reached / total, 1)
    return rows
