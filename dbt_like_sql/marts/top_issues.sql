-- The three most significant configuration or culture-fit issues, each with a fix.
SELECT
    rank,
    kind,
    title,
    evidence,
    affected,
    fix
FROM closeout.issues
