"""Ollama's template says what the model's chat template says, or there is none."""

import re

import pytest

from r1data.errors import ConfigError
from r1data.serve.gguf.turns import CONVERSATIONS, turns_of
from tests.serve.gguf.go_template import as_ollama_keeps_it, render

CHARS = """{% for m in messages %}<|im_start|>{{ m['role'] }}
{{ m['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are SmolLM<|im_end|>\\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
R1 = """{{ bos_token }}{% for m in messages %}{% set c = m['content'] %}
{% if m['role'] == 'system' %}{{ c }}{% endif %}
{% if m['role'] == 'user' %}<｜User｜>{{ c }}{% endif %}
{% if m['role'] == 'assistant' %}<｜Assistant｜>{{ c.split('</think>')[-1] }}<｜end｜>{% endif %}
{% endfor %}{% if add_generation_prompt %}<｜Assistant｜><think>
{% endif %}"""
BRACES = CHARS.replace("<|im_start|>", "{{ '\"{{ ' }}").replace("<|im_end|>", "{{ '}}' }}")
TEMPLATES = {"chars": CHARS, "smollm2": SMOLLM2, "r1": R1, "braces and quotes": BRACES}
TOKENS = {"bos_token": "<｜begin｜>"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_ollama_renders_every_conversation_as_transformers_does(name: str):
    from transformers.utils.chat_template_utils import render_jinja_template

    go = turns_of(TEMPLATES[name], TOKENS).go()
    wanted, _ = render_jinja_template(
        list(CONVERSATIONS), chat_template=TEMPLATES[name], add_generation_prompt=True, **TOKENS
    )
    made = [render(go, [as_ollama_keeps_it(one) for one in messages]) for messages in CONVERSATIONS]
    assert made == wanted


@pytest.mark.parametrize("name", TEMPLATES)
def test_ollama_finds_the_marks_of_a_thought_around_the_field_thinking(name: str):
    go = turns_of(TEMPLATES[name], TOKENS).go()
    assert re.search(r"\}\}<think>\s*\{\{ \.Thinking \}\}\s*</think>\s*\{\{ end \}\}", go)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (CHARS.replace("m['content']", "m['content'] | trim"), "two.*paragraphs"),
        (CHARS.replace("m['role']", "loop.index ~ m['role']"), "begins with"),
        ("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHARS, "refuses"),
        (CHARS.replace("m['content']", "m['content'] | upper"), "it makes"),
    ],
)
def test_a_template_that_does_more_than_put_texts_around_messages_is_refused(wrong: str, why: str):
    with pytest.raises(ConfigError, match=f"cannot be said in Ollama's language: .*({why})"):
        turns_of(wrong, {})
