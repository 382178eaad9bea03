import pytest

from r1data.errors import ConfigError
from r1data.paths import PROJECT
from r1data.recipe import Grpo, load_recipe, load_student, load_teacher

RECIPES = PROJECT / "recipes"
SMALL = 'name = "small"\nstart = 2026-01-01\n\n[[prompts]]\nname = "t"\nsource = "templates"\n'


def written(tmp_path, text):
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path, text, match):
    with pytest.raises(ConfigError, match=match) as caught:
        load_recipe(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "r.toml" in str(caught.value)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_loads_and_its_teacher_and_students_exist(path, monkeypatch):
    monkeypatch.setenv("R1DATA_PROMPTS", "prompts.jsonl")
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert load_teacher(recipe.generate.teacher).name == recipe.generate.teacher
    for student in recipe.students:
        assert load_student(student).name == student


@pytest.mark.parametrize("path", sorted(RECIPES.glob("teachers/*.toml")), ids=lambda path: path.stem)
def test_every_teacher_loads_and_says_its_terms(path):
    teacher = load_teacher(path.stem)
    assert teacher.name == path.stem
    assert teacher.terms


@pytest.mark.parametrize("path", sorted(RECIPES.glob("students/*.toml")), ids=lambda path: path.stem)
def test_every_student_loads(path):
    assert load_student(path.stem).name == path.stem


def test_a_small_recipe_needs_no_more_than_name_start_and_prompts(tmp_path):
    recipe = load_recipe(written(tmp_path, SMALL))
    assert (recipe.name, recipe.prompts[0].source, recipe.generate.teacher) == (
        "small",
        "templates",
        "smollm2",
    )


def test_the_environment_names_the_recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("R1DATA_RECIPE", str(written(tmp_path, SMALL)))
    assert load_recipe().name == "small"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (f"nam = 1\n{SMALL}", "the top level: unknown key `nam`; did you mean `name`"),
        (f"{SMALL}n_per_famly = 3\n", "unknown key `n_per_famly`.*did you mean `n_per_family`"),
        (
            f"{SMALL}[generate]\nmax_token = 3\n",
            r"\[generate\]: unknown key `max_token`; did you mean `max_tokens`",
        ),
        (
            f"{SMALL}[generate.vllm]\ndtyp = 3\n",
            r"\[generate\]\[vllm\]: unknown key `dtyp`; did you mean `dtype`",
        ),
    ],
)
def test_an_unknown_key_names_the_nearest_one(tmp_path, text, match):
    refused(tmp_path, text, match)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("name = \n", "not readable TOML"),
        ('name = "small"\n', "`start`: Field required"),
        (f"{SMALL}n_per_family = 'many'\n", r"`prompts\.0\.n_per_family`"),
        (SMALL.replace("small", "Not a word"), "`name`"),
        (f"{SMALL}[select]\nkeep_per_prompt = 0\n", r"`select\.keep_per_prompt`"),
        (f'{SMALL}path = "${{R1DATA_NOT_SET}}"\n', "R1DATA_NOT_SET"),
    ],
)
def test_a_recipe_that_cannot_be_used_says_why(tmp_path, text, match):
    refused(tmp_path, text, match)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "r.toml"
    path.write_bytes(b'name = "\xff"\n')
    with pytest.raises(ConfigError, match="not readable TOML"):
        load_recipe(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="There is no recipe"):
        load_recipe(tmp_path / "none.toml")


def test_environment_variables_are_put_into_texts(tmp_path, monkeypatch):
    monkeypatch.setenv("R1DATA_PROMPTS", "a.jsonl")
    recipe = load_recipe(written(tmp_path, f'{SMALL}path = "x/${{R1DATA_PROMPTS}}"\n'))
    assert recipe.prompts[0].path == "x/a.jsonl"


def test_an_unknown_teacher_names_the_nearest_file():
    with pytest.raises(ConfigError, match="did you mean `smollm2`"):
        load_teacher("smolm2")


@pytest.mark.parametrize(
    ("args", "match"),
    [
        ('{ rubric = ["writing"] }', "`verifier_args` of `a` has no `rubric`; did you mean `rubrics`"),
        ('{ rubrics = ["witing"] }', "names no rubric: `witing`; did you mean `writing`"),
    ],
)
def test_arguments_that_a_judge_does_not_know_are_refused(tmp_path, args, match):
    source = f'[[prompts]]\nname = "a"\nsource = "files"\nverifier = "judge"\nverifier_args = {args}'
    refused(tmp_path, f'name = "n"\nstart = 2026-01-01\n{source}', match)


@pytest.mark.parametrize(
    ("name", "learning_rate"),
    [
        ("qwen-1-5b", 1e-4),
        ("qwen-7b", 8e-5),
        ("qwen-14b", 7e-5),
        ("qwen-32b", 6e-5),
        ("llama-8b", 5e-5),
        ("llama-70b", 2e-5),
    ],
)
def test_r1s_students_have_the_published_numbers(name: str, learning_rate: float):
    sft = load_student(f"r1-{name}").sft
    assert (sft.learning_rate, sft.batch_size, sft.max_tokens) == (learning_rate, 64, 32_768)
    assert 2 <= sft.epochs <= 3 and not sft.packing


def test_a_preset_of_grpo_is_filled_in_and_keys_beside_it_count_before_it(tmp_path):
    stage = Grpo(preset="r1-stage2", completions=4)
    assert (stage.learning_rate, stage.kl, stage.clip, stage.temperature) == (3e-6, 1e-3, 10.0, 0.7)
    assert (stage.completions, stage.prompts_per_step, stage.steps) == (4, 32, 1_700)
    assert Grpo(preset="r1-zero").template == "r1_zero"


def test_a_rollout_of_grpo_holds_whole_steps():
    with pytest.raises(
        ValueError, match="prompts_per_rollout is 12, no multiple of prompts_per_step, which is 8"
    ):
        Grpo(prompts_per_rollout=12)
