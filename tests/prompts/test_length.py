from datetime import date

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from r1data.errors import InputError
from r1data.prompts import questions
from r1data.prompts.length import check_fits
from r1data.recipe import PromptSource


@pytest.fixture
def tokenizer_file(tmp_path):
    """A tokenizer that knows words: fewer tokens than bytes."""
    tokenizer = Tokenizer(models.WordLevel({"word": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_a_prompt_beyond_the_context_is_named_by_file_and_row(tokenizer_file):
    prompts = [("a.csv, line 2", ["word " * 50]), ("a.csv, line 3", ["word", "word " * 100])]
    with pytest.raises(
        InputError, match=r"a\.csv, line 3: the prompt has 101 tokens with few-shots, the context 100"
    ):
        check_fits(prompts, tokenizer_file, context_tokens=100)


def test_tokens_count_not_bytes(tokenizer_file):
    check_fits([("a", ["word " * 50])], tokenizer_file, context_tokens=100)


def test_short_prompts_need_no_tokenizer(tmp_path):
    check_fits([("a", ["word"])], tmp_path / "none.json", context_tokens=100)


def test_a_prompt_of_a_megabyte_is_refused_by_its_row(tokenizer_file, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("q,a\nword,1\n" + "word " * 210_000 + ",1\n")
    section = PromptSource(
        name="f", source="files", path=str(path), columns={"prompt": "q", "reference": "a"}
    )
    asked = questions([section], night=date(2026, 1, 1), start=date(2026, 1, 1))
    texts = [(row["origin"], [row["messages"][0]["content"]]) for row in asked.to_dicts()]
    with pytest.raises(InputError, match=r"^a\.csv, line 3: the prompt has 210000 tokens"):
        check_fits(texts, tokenizer_file, context_tokens=1024)


def test_room_for_the_template_is_counted(tokenizer_file):
    with pytest.raises(InputError):
        check_fits([("a", ["word " * 20] * 4)], tokenizer_file, context_tokens=100)
