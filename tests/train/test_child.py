"""What trainers have in common: rows of a forward pass, time, and which failure is told."""

import json
import math
from pathlib import Path

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from r1data.train.child import Reporter, earlier_s, last_whole_checkpoint, per_pass
from r1data.train.failing import Stopped
from r1data.train.finish import to_bfloat16


@pytest.mark.parametrize(
    ("batch_size", "longest", "n", "n_after"),
    [(8, 256, 8, 4), (32, 1024, 16, 8), (12, 4096, 4, 2), (6, 8192, 2, 1)],
)
def test_after_memory_ran_out_half_the_rows_go_through_at_once(batch_size, longest, n, n_after):
    assert per_pass(batch_size, longest, 16_384) == n
    assert per_pass(batch_size, longest, 16_384, share=0.5) == n_after


def test_one_row_that_memory_does_not_hold_is_not_tried_again():
    assert per_pass(64, 32_768, 16_384) == 1
    with pytest.raises(MemoryError, match="one row of up to 32,768 tokens"):
        per_pass(64, 32_768, 16_384, share=0.5)


def test_seconds_of_killed_processes_count_up_to_their_last_step(tmp_path: Path):
    progress = tmp_path / "progress.jsonl"
    told = [json.dumps({"step": 1, "elapsed_s": seconds}) for seconds in (1.0, 2.5, 0.5, 4.0)]
    progress.write_text("\n".join([*told[:2], '{"step": 3, "ela', *told[2:]]) + "\n")
    assert earlier_s(progress) == 6.5
    progress.write_text("")
    assert earlier_s(progress) == 0


def test_a_checkpoint_that_tells_of_nan_is_whole(tmp_path: Path):
    for name, state in ("checkpoint-4", '{"log_history": [{"grad_norm": NaN}]}'), ("checkpoint-6", '{"log'):
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer_state.json").write_text(state)
    assert last_whole_checkpoint(tmp_path) == str(tmp_path / "checkpoint-4")
    assert not (tmp_path / "checkpoint-6").exists()


def test_weights_that_were_gathered_are_rounded(tmp_path: Path):
    import torch
    from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

    sizes = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8}
    model = Qwen3ForCausalLM(Qwen3Config(**sizes, **heads, tie_word_embeddings=True))
    model.save_pretrained(tmp_path)
    to_bfloat16(tmp_path)
    read = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert read.dtype == torch.bfloat16
    for name, weights in model.state_dict().items():
        assert torch.equal(weights.to(torch.bfloat16), read.state_dict()[name])


@pytest.mark.parametrize("logs", [{"loss": math.nan}, {"loss": 1.0, "grad_norm": math.inf}])
def test_a_loss_or_gradient_that_is_no_number_stops_before_a_checkpoint_is_written(logs):
    """Trainers log a step before they save it."""
    args = TrainingArguments(output_dir="none")
    with pytest.raises(Stopped, match="the last good checkpoint is kept"):
        Reporter(print, dict).on_log(args, TrainerState(global_step=4), TrainerControl(), logs)
