"""A model becomes files that llama.cpp serves, and the evaluator measures them once."""

import json
import shutil
from pathlib import Path

import httpx2
import polars as pl
import pytest

from r1data import paths
from r1data.generate.models import ModelFolder, resolve
from r1data.lake import Lake
from r1data.prompts.tonight import held_out
from r1data.recipe import Evaluate, ExportRules, Student, load_recipe
from r1data.serve.gguf.export import GgufExport, export_gguf, read_gguf
from r1data.serve.gguf.measure import measure
from r1data.serve.gguf.server import serving
from r1data.train.exports import About, Policy, export
from r1data.train.student import TrainedStudent

pytestmark = pytest.mark.slow
HOW = Evaluate(k=2, max_tokens=8, context_tokens=256, teacher=False)
STUDENT = Student(name="tiny", base="scratch:chars", evaluate=HOW)


@pytest.fixture(scope="module")
def model() -> ModelFolder:
    return resolve("scratch:chars")


@pytest.fixture(scope="module")
def made(model: ModelFolder, tmp_path_factory: pytest.TempPathFactory) -> GgufExport:
    return export_gguf(model, "tiny", ("q8_0", "q4_0"), tmp_path_factory.mktemp("exports"))


@pytest.fixture
def trained(model: ModelFolder, tmp_path: Path) -> TrainedStudent:
    row = {"rollout_id": "r", "prompt_id": "p", "messages": [{"role": "user", "content": "What is 9 + 9?"}]}
    row |= {"reasoning": "9 + 9 = 18.", "answer": "18", "completion_tokens": 9, "licence": "CC0-1.0"}
    rows = pl.DataFrame([row | {"terms": "Apache-2.0"}])
    policy = Policy(ExportRules(), None)
    learnt = export([rows], tmp_path / "exports", form="trl", policy=policy, about=About())
    return TrainedStudent({"run_key": "k"}, model, learnt, [], cached=False)


def test_a_file_is_served_on_loopback_and_answers_over_http(made: GgufExport):
    with serving(made.file("q4_0"), 256) as llama:
        assert llama.url.startswith("http://127.0.0.1:")
        body = {"messages": [{"role": "user", "content": "What is 2 + 3?"}], "max_tokens": 4, "seed": 1}
        answer = httpx2.post(f"{llama.url}/v1/chat/completions", json=body, timeout=60).json()
        assert answer["usage"]["prompt_tokens"] == len("u" + "user\nWhat is 2 + 3?e\n" + "aassistant\n")
        assert 0 < answer["usage"]["completion_tokens"] <= 4
        assert (llama.peak_bytes() or 0) > made.file("q4_0").stat().st_size
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(f"{llama.url}/health")


def test_a_folder_has_a_modelfile_for_each_file_and_equal_content_is_written_once(
    model: ModelFolder, made: GgufExport
):
    sizes = [made.card["files"][kind]["bytes"] for kind in ("q8_0", "q4_0")]
    assert sizes[0] > 1.5 * sizes[1]
    text = (made.folder / "Modelfile-q4_0").read_text(encoding="utf-8")
    assert text.startswith('FROM ./tiny-q4_0.gguf\nTEMPLATE """{{ range ')
    assert text.endswith(
        "PARAMETER temperature 0.6\nPARAMETER top_p 0.95\nPARAMETER top_k 0\nPARAMETER min_p 0\n"
        "PARAMETER repeat_penalty 1\nPARAMETER num_predict 1024\nPARAMETER num_ctx 1024\n"
        'PARAMETER stop "<|im_end|>"\n'
    )
    again = export_gguf(model, "tiny", ("q8_0", "q4_0"), made.folder.parent)
    assert again.folder == made.folder
    assert [path.name for path in made.folder.parent.iterdir()] == [made.folder.name]


def test_each_file_is_asked_the_benchmark_once_and_the_card_tells(
    made: GgufExport, trained: TrainedStudent, home_lake: Lake, tmp_path: Path
):
    recipe = load_recipe(paths.PROJECT / "recipes" / "toy.toml")
    home_lake.append("benchmarks", held_out(recipe, night="2026-01-02").head(3))
    mine = read_gguf(shutil.copytree(made.folder, tmp_path / "mine"))
    for _ in range(2):
        found = measure(home_lake, STUDENT, trained, recipe, mine, night="2026-01-02")
        stored = home_lake.scan("evaluations").collect()
        assert sorted(stored["student"].unique()) == ["tiny-q4_0", "tiny-q8_0"] and stored.height == 12
    assert [one.quantisation for one in found] == ["q8_0", "q4_0"]
    assert all(one.tokens_per_s > 0 and one.memory_bytes and one.gain is None for one in found)
    card = json.loads((mine.folder / "card.json").read_bytes())
    assert card["asked"]["n_items"] == 3 and set(card["measured"]) == {"q8_0", "q4_0"}
    assert "| `tiny-q4_0.gguf` | 0.5 | " in (mine.folder / "README.md").read_text(encoding="utf-8")
