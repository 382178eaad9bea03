"""What processes share out."""

from importlib.util import find_spec

import pytest

from r1data.errors import ConfigError
from r1data.recipe import Launch
from r1data.train.parallel import parallel_settings


def test_one_process_has_nothing_to_share_with():
    assert parallel_settings(Launch()) == {"gradient_checkpointing": False}
    with pytest.raises(ConfigError, match='parallel = "fsdp" shares a model out, but there is one process'):
        parallel_settings(Launch(parallel="fsdp"))


def test_fsdp_recomputes_activations_itself_and_is_refused_without_a_gpu(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigError, match="needs GPUs"):
        parallel_settings(Launch(parallel="fsdp", processes=2))
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    settings = parallel_settings(Launch(parallel="fsdp", processes=2), gradient_checkpointing=True)
    assert settings["fsdp_config"]["activation_checkpointing"] and not settings["gradient_checkpointing"]


@pytest.mark.skipif(find_spec("deepspeed") is not None, reason="deepspeed is installed")
def test_without_deepspeed_the_error_says_what_to_install():
    with pytest.raises(ConfigError, match="pip install deepspeed"):
        parallel_settings(Launch(parallel="zero3", machines=2))
