-- What personal data did the newest search find in each prompt and each trace?
select * from pii
qualify row_number() over (
    partition by subject, subject_id
    order by cast(regexp_extract_all(version, '[0-9]+') as bigint[]) desc, version desc
) = 1
