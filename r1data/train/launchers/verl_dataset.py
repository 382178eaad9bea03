"""Traces for verl's `sft_trainer`, tokenised by this project's gate: `data.custom_cls.path=…/dataset.py`.

verl's own dataset renders conversations by the chat template, which may drop thoughts; these tokens were
checked. It needs nothing of this project beside it.
"""

from typing import Any

import pyarrow.parquet as pq


class Traces:
    """Rows of `train.parquet`: rollout_id, input_ids (prompt and completion) and n_prompt, the tokens of the
    prompt.
    """

    def __init__(
        self, parquet_files: str, tokenizer: Any, config: Any, processor: Any = None, max_samples: int = -1
    ) -> None:
        """Open the file; what else verl passes is of no use."""
        self.rows = pq.read_table(parquet_files)

    def __len__(self) -> int:
        return self.rows.num_rows

    def __getitem__(self, at: int) -> dict[str, Any]:
        """One row without padding: input_ids, position_ids and loss_mask, 1 on the completion."""
        import torch

        ids = torch.tensor(self.rows["input_ids"][at].as_py())
        places = torch.arange(len(ids))
        return {
            "input_ids": ids,
            "position_ids": places,
            "loss_mask": (places >= self.rows["n_prompt"][at].as_py()).long(),
        }
