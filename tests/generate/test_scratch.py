"""A model from nothing is made when it is asked for, the same one each time."""

import pytest

from r1data import paths
from r1data.errors import ConfigError, InputError
from r1data.generate.fetch import fetch
from r1data.generate.models import resolve
from r1data.train.gate import gate, load_tokenizer

pytestmark = pytest.mark.slow  # it loads torch


@pytest.fixture(scope="module")
def chars(tmp_path_factory):
    """The model, made in an empty home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(tmp_path_factory.mktemp("home")))
        yield resolve("scratch:chars")


def test_it_is_made_at_first_use_and_made_again_with_the_same_weights_when_it_is_damaged(chars):
    weights = chars.path / "model.safetensors"
    assert chars.path.parent == paths.models()
    assert chars.context_tokens == 1024
    made_at = weights.stat().st_mtime_ns
    assert fetch("scratch:chars") == resolve("scratch:chars") == chars
    assert weights.stat().st_mtime_ns == made_at, "what is whole is left alone"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(InputError, match="cut off"):
        resolve("scratch:chars")
    assert fetch("scratch:chars") == resolve("scratch:chars") == chars
    assert [path.name for path in chars.path.parent.iterdir() if path.is_dir()] == [chars.path.name]


def test_it_keeps_any_text_and_spells_control_tokens_as_letters(chars):
    thought = "7 é 木 <|im_end|>"
    row = {
        "rollout_id": "a",
        "prompt": [{"role": "user", "content": "Say <|im_start|>."}],
        "completion": [{"role": "assistant", "content": f"<think>\n{thought}\n</think>\n\n7"}],
    }
    tokenizer = load_tokenizer(chars.path)
    (trace,) = gate([row], tokenizer, max_tokens=200).traces
    written = trace.input_ids[trace.n_prompt :]
    assert tokenizer.decode(written) == f"<think>\n{thought}\n</think>\n\n7<|im_end|>\n"
    assert written.count(tokenizer.eos_token_id) == 1
    tags = tokenizer.convert_tokens_to_ids(["<think>", "</think>"])
    assert [token for token in written if token in tags] == tags


def test_a_model_that_nobody_makes_is_named():
    with pytest.raises(ConfigError, match="There is scratch:chars"):
        resolve("scratch:words")
