-- Which prompts may each recipe ask, and how hard do they look? Kept on its latest night that had them, the
-- reference usable. The other views of a recipe's prompts begin here. Hints need no model: n_chars, n_words
-- (a Chinese or Japanese character is one), n_numbers, and level, which is what the source states (1 =
-- easiest, null when it does not).
with
texts as (
    select *, array_to_string([m.content for m in messages], e'\n') as text
    from given_prompts
    where kept
)
select
    texts.recipe,
    texts.night,
    texts.prompt_id,
    texts.messages,
    texts.domain,
    texts.family,
    texts.level,
    texts.language,
    texts.source,
    texts.licence,
    recipe_references.reference,
    recipe_references.verifier,
    recipe_references.verifier_args,
    length(texts.text) as n_chars,
    len(regexp_extract_all(texts.text, '[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{N}_]+')) as n_words,
    len(regexp_extract_all(texts.text, '[0-9]+([.,][0-9]+)*')) as n_numbers
from texts
inner join recipe_references using (recipe, prompt_id)
where recipe_references.quality is null
