"""Writing to many customers without holding anybody up: short transactions, tried again."""

import logging

from psycopg2.errors import SerializationFailure

_logger = logging.getLogger(__name__)

CHUNK = 2000  # customers in one transaction: some 50 ms in which others may have to wait
RETRIES = 5


def patiently(cursor, work):
    """A customer saved by somebody in the same instant makes PostgreSQL refuse the
    chunk; with a fresh snapshot it goes through.

    :param work: does one chunk and may be called again after a rollback
    :return: what ``work`` returns
    """
    for attempt in range(RETRIES):
        try:
            return work()
        except SerializationFailure:
            cursor.rollback()
            _logger.info("A customer was saved in the same instant, attempt %d", attempt + 1)
    return work()
