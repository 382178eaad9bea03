"""`r1data export model …`: what cannot be done is one line that says what can."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., int]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody", "--ollama"), "Student nobody was never trained here."),
        (("scratch:chars",), "Say in which form: `r1data export model NAME --ollama`."),
        (("scratch:chars", "--ollama", "--quantise", "q4_k_m"), "run llama.cpp's `llama-quantize`"),
        (("fake:tiny", "--ollama"), "fake:tiny has no weights here."),
        (("scratch:chars", "--ollama", "--measure"), "scratch:chars"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(
    words: tuple[str, ...], told: str, r1data: Run, capsys: pytest.CaptureFixture[str]
):
    assert r1data("export", "model", *words) == 2
    printed = capsys.readouterr()
    assert told in printed.err and printed.err.count("\n") == 1 and not printed.out


def test_a_folder_without_weights_is_named(r1data: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "config.json").write_text("{}")
    assert r1data("export", "model", tmp_path, "--ollama") == 1
    assert f"{tmp_path} has no *.safetensors" in capsys.readouterr().err


def test_a_missing_package_is_named_with_its_extra(
    r1data: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    assert r1data("export", "model", "scratch:chars", "--ollama") == 2
    assert "need xllamacpp: install r1data with its extra `ollama`" in capsys.readouterr().err


def test_a_folder_that_takes_no_files_is_named(
    r1data: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "full").write_text("")
    assert r1data("export", "model", "scratch:chars", "--ollama", "--to", tmp_path / "full") == 1
    assert f"{tmp_path / 'full'} does not take the files" in capsys.readouterr().err
