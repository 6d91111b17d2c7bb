-- What came in per feed, what was accepted, and why the rest was not.
SELECT
    feed,
    rows_read,
    rows_accepted,
    rows_quarantined,
    reasons,
    late_rows,
    fresh_as_of
FROM feeds.feed_reads
