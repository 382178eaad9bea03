-- Which prompts may each recipe ask, and how hard do they look? Kept on its latest night that had them, the
-- reference usable. The other views of a recipe's prompts begin here. Hints need no model: n_chars, n_words
-- (a Chinese or Japanese character is one), n_numbers, and level, which is what the source states (1 =
-- easiest, null when it does not).
with
latest as (
    select recipe, prompt_id, night, kept
    from intake
    qualify row_number() over (partition by recipe, prompt_id order by night desc) = 1
),
texts as (
    select
        prompts.*,
        array_to_string([m.content for m in prompts.messages], e'\n') as text
    from prompts
)
select
    latest.recipe,
    latest.night,
    texts.prompt_id,
    texts.messages,
    texts.domain,
    texts.family,
    texts.level,
    texts.language,
    texts.source,
    texts.licence,
    current_references.reference,
    current_references.verifier,
    current_references.verifier_args,
    length(texts.text) as n_chars,
    len(regexp_extract_all(texts.text, '[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{N}_]+')) as n_words,
    len(regexp_extract_all(texts.text, '[0-9]+([.,][0-9]+)*')) as n_numbers
from latest
inner join texts using (prompt_id)
inner join current_references using (prompt_id)
where latest.kept and current_references.quality is null
