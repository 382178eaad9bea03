-- What does the newest measurement say of the language of each rollout?
select * from language
qualify row_number() over (
    partition by rollout_id
    order by cast(regexp_extract_all(version, '[0-9]+') as bigint[]) desc, version desc
) = 1
