-- Which prompts was each recipe given, and what do its sources say of them? What they said last counts.
-- Of a night that was made before intake held this (its domain is null), the words of the first source count.
with
latest as (
    select *
    from intake
    qualify row_number() over (partition by recipe, prompt_id order by night desc) = 1
)
select
    latest.recipe,
    latest.night,
    latest.kept,
    prompts.prompt_id,
    prompts.messages,
    coalesce(latest.domain, prompts.domain) as domain,
    if(latest.domain is null, prompts.family, latest.family) as family,
    if(latest.domain is null, prompts.level, latest.level) as level,
    prompts.language,
    if(latest.domain is null, prompts.source, latest.source) as source,
    if(latest.domain is null, prompts.origin, latest.origin) as origin,
    if(latest.domain is null, prompts.licence, latest.licence) as licence
from latest
inner join prompts using (prompt_id)
