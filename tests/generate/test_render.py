import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.decoders import ByteLevel

from r1data.errors import InputError
from r1data.generate.engine import Request
from r1data.generate.render import chat_ids, render
from r1data.recipe import FewShot, Teacher

USER = {"role": "user", "content": "What is 2 + 2?"}
SUM = FewShot(family="sum", prompt="What is 1 + 1?", reasoning="1 + 1 = 2.", answer="2")
ANY = FewShot(prompt="Say hi.", reasoning="Easy.", answer="hi")


def teacher(**fields):
    return Teacher(name="t", model="fake:t", **fields)


def test_system_prompt_few_shots_and_prompt_come_in_this_order():
    messages = render(teacher(system_prompt="Think.", few_shots=(SUM, ANY)), [USER], "sum")
    assert messages == (
        {"role": "system", "content": "Think."},
        {"role": "user", "content": "What is 1 + 1?"},
        {"role": "assistant", "content": "<think>\n1 + 1 = 2.\n</think>\n\n2"},
        USER,
    )


def test_another_family_sees_the_few_shots_without_a_family():
    assert next(m["content"] for m in render(teacher(few_shots=(SUM, ANY)), [USER], "product")) == "Say hi."


def test_a_prompts_own_system_message_joins_the_teachers():
    messages = render(
        teacher(system_prompt="Think."), [{"role": "system", "content": "In French."}, USER], None
    )
    assert messages == ({"role": "system", "content": "Think.\n\nIn French."}, USER)


class Chat:
    """The part of a Hugging Face tokenizer that is used, around a real byte-level one."""

    def __init__(self, lossy: bool = False) -> None:
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        vocabulary = {letter: number for number, letter in enumerate(alphabet)}
        self._inner = Tokenizer(models.BPE(vocabulary, []))
        self._inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self._inner.decoder = ByteLevel()
        self._lossy = lossy

    def apply_chat_template(self, messages, *, chat_template, add_generation_prompt, tokenize, **switch):
        assert add_generation_prompt and not tokenize
        body = "".join(f"[{m['role']}]{m['content']}" for m in messages)
        return (
            f"{chat_template or ''}{body}[assistant]{'(thinking)' if switch.get('enable_thinking') else ''}"
        )

    def __call__(self, text, *, add_special_tokens):
        assert not add_special_tokens
        return {"input_ids": self._inner.encode(text.lower() if self._lossy else text).ids}

    def decode(self, ids, **options):
        return self._inner.decode(ids)


def request(**fields):
    return Request("r", "p", 0, (USER,), seed=1, max_tokens=4, **fields)


def test_tokens_hold_template_switch_and_prefill():
    chat = Chat()
    ids = chat_ids(chat, request(prefill="<think>\n", thinking=True), "T:")
    assert chat.decode(ids) == "T:[user]What is 2 + 2?[assistant](thinking)<think>\n"
    assert chat.decode(chat_ids(chat, request())) == "[user]What is 2 + 2?[assistant]"


def test_a_tokenizer_that_changes_the_prompt_is_noticed():
    with pytest.raises(InputError, match="does not give its prompt back"):
        chat_ids(Chat(lossy=True), request())
