-- How a network is moderated, in numbers that tell nobody's words: what its readers may know.

-- name: months
-- The last twelve months, this one included: how much was removed, and how much of that came back after an appeal.
SELECT m.month, count(r.id) AS removed, count(a.id) AS overturned
FROM generate_series(date_trunc('month', now() AT TIME ZONE :zone) - interval '11 months',
                     date_trunc('month', now() AT TIME ZONE :zone), interval '1 month') AS m (month)
LEFT JOIN removals r ON r.network_id = :network AND date_trunc('month', r.removed_at AT TIME ZONE :zone) = m.month
LEFT JOIN appeals a ON a.removal_id = r.id AND a.outcome = 'overturned'
GROUP BY m.month ORDER BY m.month;

-- name: reasons
-- Of the same twelve months, by the network's own reasons; whatever else somebody wrote is one line without its words.
SELECT CASE WHEN n.body = ANY (:known) THEN n.body END AS reason, count(*) AS removed
FROM removals r LEFT JOIN notes n ON n.id = r.reason_id
WHERE r.network_id = :network
  AND r.removed_at AT TIME ZONE :zone >= date_trunc('month', now() AT TIME ZONE :zone) - interval '11 months'
GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST;

-- name: cases^
-- Reports that were decided in these months: how many, how many led to a removal, and how long half of them waited at most.
SELECT count(*) AS decided, count(*) FILTER (WHERE outcome = 'removed') AS removed,
       extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY decided_at - opened_at))::float8 AS median_s
FROM cases WHERE network_id = :network AND decided_at >= now() - interval '12 months';

-- name: appeals^
SELECT count(*) AS appeals, count(*) FILTER (WHERE a.outcome = 'overturned') AS overturned,
       count(*) FILTER (WHERE a.outcome IS NULL) AS waiting
FROM appeals a JOIN removals r ON r.id = a.removal_id
WHERE r.network_id = :network AND a.appealed_at >= now() - interval '12 months';
