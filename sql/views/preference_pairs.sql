-- Which trace is better than which, and both read well? One pair per recipe and prompt, with both texts.
-- `matched_pairs` says which two of a prompt they are, and the rest of a row. Texts are joined last.
select
    matched_pairs.*,
    chosen.messages,
    trim(chosen.reasoning, e' \n\r\t') as chosen_reasoning,
    trim(chosen.answer, e' \n\r\t') as chosen_answer,
    trim(rejected.reasoning, e' \n\r\t') as rejected_reasoning,
    trim(rejected.answer, e' \n\r\t') as rejected_answer
from matched_pairs
inner join trace_texts as chosen on chosen.rollout_id = matched_pairs.chosen_id
inner join trace_texts as rejected on rejected.rollout_id = matched_pairs.rejected_id
