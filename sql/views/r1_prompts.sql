-- How many prompts of each domain did R1's reinforcement learning have? Bug fixing is under code,
-- harmlessness under general. Source: DeepSeek-AI, 2025, https://arxiv.org/abs/2501.12948, supplementary
-- table of RL data.
select domain, n_prompts
from (values ('math', 26000), ('code', 25000), ('stem', 22000), ('logic', 15000), ('general', 78000))
    as told (domain, n_prompts)
