"""Prompts that are fetched: from S3 (a server on loopback), from a hub that is gone, from `datasets`."""

import json
import socket
from datetime import date

import pytest

from r1data.errors import ConfigError, InputError, OfflineError
from r1data.prompts import questions
from r1data.recipe import PromptSource

START = date(2026, 1, 1)
MAP = {"prompt": "question", "reference": "answer"}
ROWS = [{"question": f"What is {i} + 1?", "answer": str(i + 1)} for i in range(10)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def asked(source, **config):
    section = PromptSource(name="f", source=source, **{"columns": MAP, **config})
    return questions([section], night=START, start=START)


@pytest.fixture
def bucket(s3_endpoint, tmp_path, monkeypatch):
    """A bucket with a folder of two files, one of them not for us."""
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    client.create_bucket(Bucket="prompts")
    client.put_object(Bucket="prompts", Key="all/a.jsonl", Body=LINES)
    client.put_object(Bucket="prompts", Key="all/deep/b.jsonl", Body=LINES.replace(b"+", b"-"))
    client.put_object(Bucket="prompts", Key="all/notes.txt", Body=b"not a prompt")
    client.put_object(Bucket="prompts", Key="broken.jsonl", Body=LINES + b"[1]\n")
    return "s3://prompts"


def test_files_and_folders_of_a_bucket_are_read_and_errors_name_the_address(bucket):
    one = asked("files", path=f"{bucket}/all/a.jsonl")
    assert one["reference"].to_list() == [row["answer"] for row in ROWS]
    assert one["origin"][2] == "a.jsonl, line 3"
    assert asked("files", path=f"{bucket}/all").height == 20
    with pytest.raises(InputError, match=r"^s3://prompts/broken\.jsonl, line 11: not a JSON object"):
        asked("files", path=f"{bucket}/broken.jsonl")
    for path in ("none.jsonl", "nothing"):
        with pytest.raises(InputError, match=rf"^s3://prompts/{path}: there is no such file or folder"):
            asked("files", path=f"{bucket}/{path}")
    with pytest.raises(ConfigError, match=r"s3://prompts/all/a\.jsonl has no column `quest"):
        asked("files", path=f"{bucket}/all/a.jsonl", columns=MAP | {"prompt": "questions"})


def test_an_address_of_an_unknown_kind_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match=r"no addresses begin with `gs`.* Known: hf, s3"):
        asked("files", path="gs://bucket/a.jsonl")


@pytest.fixture
def no_hub(monkeypatch):
    """A hub at a port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setenv("HF_ENDPOINT", address)
    return address


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("files", {"path": "hf://datasets/openai/gsm8k/main/train.parquet"}),
        ("hub", {"dataset": "openai/gsm8k"}),
    ],
)
def test_without_a_hub_one_line_says_what_to_do(no_hub, source, where):
    with pytest.raises(OfflineError, match=r"gsm8k.*answer.*copy.*here and give") as caught:
        asked(source, **where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dataset", ["openai/gsm8k/main", "my problems"])
@pytest.mark.parametrize("revision", [None, "a" * 40])
def test_what_is_no_id_of_a_data_set_is_refused_before_the_hub_is_asked(no_hub, dataset, revision):
    with pytest.raises(ConfigError, match=rf"`dataset` of `f`: {dataset} is no folder, and no id"):
        asked("hub", dataset=dataset, revision=revision)


def test_a_data_set_is_asked_as_a_file_is(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "train.jsonl").write_bytes(LINES)
    found = asked("hub", dataset=str(folder), rows=(8, 10))
    assert found["reference"].to_list() == ["9", "10"]
    assert found["origin"][0] == f"{folder} train, row 8"
    assert asked("hub", dataset=str(folder), n_per_night=4).height == 4
    with pytest.raises(ConfigError, match="no column `answr`; did you mean `answer`"):
        asked("hub", dataset=str(folder), columns=MAP | {"reference": "answr"})
    with pytest.raises(InputError, match="split `test`"):
        asked("hub", dataset=str(folder), split="test")
    with pytest.raises(ConfigError, match="has no `dataset`"):
        asked("hub")
