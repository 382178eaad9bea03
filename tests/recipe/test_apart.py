from datetime import date

import pytest

from r1data.errors import ConfigError
from r1data.recipe import BenchmarkSource, PromptSource, Recipe, load_recipe
from r1data.recipe.apart import check_apart


def recipe(prompts, benchmark):
    section = {"source": "files", "columns": {"prompt": "q", "reference": "a"}}
    return Recipe(
        name="r",
        start=date(2026, 1, 1),
        prompts=[PromptSource(name="mine", **{**section, **prompts})],
        benchmarks=[BenchmarkSource(name="exam", **{**section, **benchmark})],
    )


def hub(**fields):
    return {"source": "hub", "dataset": "o/d", **fields}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "data" / "a.jsonl")
    return tmp_path


@pytest.mark.parametrize(
    ("prompts", "benchmark"),
    [
        ({"path": "data/a.jsonl"}, {"path": "data/../data/a.jsonl"}),
        ({"path": "link.jsonl"}, {"path": "data/a.jsonl"}),
        ({"path": "data"}, {"path": "data/a.jsonl", "rows": (0, 5)}),
        ({"path": "data/a.jsonl", "rows": (0, 6)}, {"path": "data/a.jsonl", "rows": (5, 9)}),
        ({"path": "data/a.jsonl", "rows": (0, 6)}, {"path": "data/a.jsonl"}),
        ({"path": "data/a.jsonl", "source": "perturbed"}, {"path": "data/a.jsonl"}),
        ({"path": "s3://b/x/"}, {"path": "s3://b/x/a.jsonl"}),
        ({"source": "hub", "dataset": "o/d"}, {"source": "hub", "dataset": "o/d", "revision": "v1"}),
        ({"source": "hub", "dataset": "data"}, {"path": "data/a.jsonl"}),
        ({"path": "s3://b//x"}, {"path": "s3://b/x"}),
        (hub(), hub(split="train[:100]")),
        (hub(split="train+test"), hub(split="test")),
        (hub(split="all"), hub(split="test")),
        (hub(), hub(dataset="O/D")),
        (hub(), hub(config="main")),
        (hub(rows=(0, 5)), hub(rows=(5, 9), split="train[10:]")),
        (hub(), {"path": "hf://datasets/O/d/data/train-00000-of-00001.parquet"}),
        ({"path": "hf://datasets/o/d@v1/latest.jsonl"}, hub(split="train")),
        ({"path": "hf://datasets/o/d"}, hub(split="test[:9]")),
        ({"path": "hf://datasets/o/d@v1/a.jsonl"}, {"path": "hf://datasets/O/d/a.jsonl"}),
    ],
)
def test_a_benchmark_that_is_a_prompt_source_is_refused_and_both_are_named(folder, prompts, benchmark):
    with pytest.raises(ConfigError, match=r"is the benchmark `exam` and the prompt source `mine`"):
        check_apart(recipe(prompts, benchmark))


@pytest.mark.parametrize(
    ("prompts", "benchmark"),
    [
        ({"path": "data/a.jsonl", "rows": (0, 5)}, {"path": "data/a.jsonl", "rows": (5, 9)}),
        ({"path": "data/a.jsonl"}, {"path": "data/a.jsonl.gz"}),
        ({"source": "templates"}, {"source": "templates"}),
        ({"source": "hub", "dataset": "o/d"}, {"source": "hub", "dataset": "o/d", "split": "test"}),
        ({"path": "data/a.jsonl", "source": "perturbed"}, {"path": "data/a.jsonl", "source": "perturbed"}),
        (hub(split="train[:9]+more"), hub(split="test[:9]")),
        (hub(config="main"), hub(config="socratic")),
        (hub(rows=(0, 5)), hub(rows=(5, 9))),
        (hub(), {"path": "hf://datasets/o/d/data/test-00000-of-00001.parquet"}),
        ({"path": "hf://datasets/o/d/train.jsonl"}, hub(split="test")),
        ({"path": "hf://datasets/o/other/train.jsonl"}, hub()),
        ({"path": "hf://datasets/o/d/a.jsonl"}, {"path": "hf://datasets/o/d/b.jsonl"}),
    ],
)
def test_disjoint_rows_and_other_files_are_apart(folder, prompts, benchmark):
    check_apart(recipe(prompts, benchmark))


def test_a_recipe_file_that_mixes_both_is_refused_when_it_is_read(folder):
    section = 'source = "files"\npath = "data/a.jsonl"\n'
    path = folder / "r.toml"
    path.write_text(
        'name = "r"\nstart = 2026-01-01\n[[prompts]]\nname = "mine"\n'
        + section
        + '[[benchmarks]]\nname = "exam"\n'
        + section
    )
    with pytest.raises(ConfigError, match=r"a\.jsonl is the benchmark `exam` and the prompt source `mine`"):
        load_recipe(path)
