"""From prompts to rollouts: `planning/` decides what is made, `night.py` makes it, `engines/` write it."""
