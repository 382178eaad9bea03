"""Write a model from nothing into a folder: `python -m r1data.generate.scratch_child NAME FOLDER`."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from r1data.text import CLOSE, OPEN

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT_TOKENS = 1024
SEED = 0


def chars(folder: Path) -> None:
    """A Qwen3 of 0.8 million weights; its tokens are the bytes of UTF-8, the tags of a thought, and ChatML's.

    Heads of 32 are the smallest that vLLM's attention has on CPU.
    """
    tokenizer = _tokenizer()
    torch.manual_seed(SEED)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT_TOKENS,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer() -> PreTrainedTokenizerFast:
    """Bytes without merges, so that no text is unknown."""
    known = [PAD, START, END, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bytes_alone = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(known)}, merges=[]))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bytes_alone.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_alone,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[START],
        model_max_length=CONTEXT_TOKENS,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_tokens([OPEN, CLOSE])  # no control tokens: completions are decoded without those
    tokenizer.chat_template = CHATML
    return tokenizer


MODELS: dict[str, Callable[[Path], None]] = {"chars": chars}
"""Functions that write a model, by the names of `scratch.NAMES`."""


if __name__ == "__main__":
    MODELS[sys.argv[1]](Path(sys.argv[2]))
