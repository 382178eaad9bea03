import socket

import pytest


def test_sglang_is_served_by_a_command_that_is_printed(r1data, capsys):
    assert r1data("serve", "embedded:smollm2-135m-instruct", "--engine", "sglang", "--port", "9000") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("sglang serve --model-path ") and "--port 9000" in printed
    assert "--reasoning-parser" not in printed  # it never heard of thought tags


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["student-x"], "was never trained here"),
        (["api:model"], "has no weights here"),
        (["embedded:smollm2-135m-instruct", "--host", "0.0.0.0"], "R1DATA_TOKEN"),
        (["embedded:smollm2-135m-instruct", "--port", "0", "--", "--api-key=x"], "is decided by"),
        (["embedded:smollm2-135m-instruct", "--port", "0", "--", "--served_model_name", "x"], "decided by"),
        (["embedded:smollm2-135m-instruct", "--port", "0", "--", "--max-model", "9"], "is decided by"),
    ],
)
def test_what_cannot_be_served_is_one_line_before_anything_starts(r1data, capsys, words, said, monkeypatch):
    monkeypatch.delenv("R1DATA_TOKEN", raising=False)
    assert r1data("serve", *words) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_port_in_use_is_one_line(r1data, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert r1data("serve", "embedded:smollm2-135m-instruct", "--port", port) == 2
    assert f"Port {port} of 127.0.0.1 cannot be used" in capsys.readouterr().err
