-- What did people say last of each rollout, and how did they edit it? One row per reviewed rollout.
-- `human_verdict`: right (approved), wrong (rejected), or edited, of which the text here counts as right.
select
    night,
    rollout_id,
    review_id,
    case verdict when 'approve' then 'right' when 'reject' then 'wrong' else 'edited' end as human_verdict,
    reasoning,
    answer,
    reviewer,
    reviewed_at,
    note
from reviews
qualify row_number() over (partition by rollout_id order by reviewed_at desc, review_id desc) = 1
