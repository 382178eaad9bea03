-- Which traces does a student learn from? What a rule calls right, nobody doubts, and reads very well.
-- Neither a person nor a judge that has a vote doubts it, and it stays far from every limit of readability.
-- $keep = 4: traces of one prompt, at most, those of the corpus first.
-- $max_repetition = 0.2: share of word 4-grams that repeat an earlier one, at most.
-- $max_paragraph_chars = 2000: characters of the longest paragraph of the thought, at most.
-- $max_code_blocks = 0: fenced code blocks in the thought, at most. Domain code may have any number.
select * exclude (messages, reasoning, answer)
from fluent_traces
where
    recipe = $recipe
    and rollout_id in (
        select rollout_id
        from believed_traces
        where
            belief = 'rule_undoubted'
            and recipe = $recipe
            and place <= $keep
            and repetition <= $max_repetition
            and longest_paragraph_chars <= $max_paragraph_chars
            and (domain = 'code' or n_code_blocks <= $max_code_blocks)
            and n_foreign_chars = 0
    )
