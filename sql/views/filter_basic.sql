-- Which prompts does R1's first level of filters, basic, let pass? One row per recipe and prompt it was
-- given.
-- `broken`: no letter or digit, characters lost in decoding (U+FFFD), or an unusable reference.
-- `too_short`, `too_long`: beyond [basic] min_prompt_chars and max_prompt_chars of the recipe.
-- `no_licence`: the source states none. `passed`: none of these. `reason`: the first of them, null when
-- passed.
with
measured as (
    select
        given_prompts.recipe,
        given_prompts.prompt_id,
        given_prompts.source,
        given_prompts.licence,
        array_to_string([m.content for m in given_prompts.messages], e'\n') as text,
        recipe_references.quality
    from given_prompts
    left join recipe_references using (recipe, prompt_id)
),
marked as (
    select
        measured.recipe,
        measured.prompt_id,
        measured.source,
        measured.licence,
        length(text) as n_chars,
        not regexp_matches(text, '[\p{L}\p{N}]')
        or contains(text, chr(65533))
        or quality is not null as broken,
        length(text) < min_prompt_chars as too_short,
        length(text) > max_prompt_chars as too_long,
        measured.licence is null as no_licence
    from measured
    inner join recipe_thresholds using (recipe)
)
select
    *,
    not (broken or too_short or too_long or no_licence) as passed,
    case
        when broken then 'broken'
        when too_short then 'too_short'
        when too_long then 'too_long'
        when no_licence then 'no_licence'
    end as reason
from marked
