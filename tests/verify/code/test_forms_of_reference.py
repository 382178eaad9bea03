import json

import pytest

from r1data.verify import own_completion, verify

ADD = "def add(a, b):\n    return a + b"
OFF = "def add(a, b):\n    return a + b + (a > 100)"
ECHO = "print(' '.join(input().split()[::-1]))"
POLY = '''import math


def poly(xs: list, x: float):
    """Evaluate."""
    return sum(c * x**i for i, c in enumerate(xs))


def find_zero(xs: list):
    """Find x such that poly(x) = 0.
    >>> round(find_zero([1, 2]), 2) # f(x) = 1 + 2x
    -0.5
    """
'''
POLY_BODY = "    return -xs[0] / xs[1]\n"
FIND = "def find_zero(xs):\n"
POLY_TEST = """
METADATA = {}


def check(candidate):
    import random
    rng = random.Random(42)
    for _ in range(12):
        xs = [rng.randint(1, 9), rng.randint(1, 9)]
        assert abs(poly(xs, candidate(list(xs)))) < 1e-4
    assert find_zero([4, 2]) == candidate([2, 1])

check(find_zero)
"""
HUMAN = {"prompt": POLY, "test": POLY_TEST, "entry_point": "find_zero", "canonical_solution": POLY_BODY}
LIVED = [
    {
        "input": "[1, 2]\n3",
        "output": "[1, 2, 3]",
        "testtype": "functional",
        "metadata": '{"func_name": "push"}',
    },
]
PUSH = "class Solution:\n    def push(self, xs: List[int], x: int) -> List[int]:\n        return xs + [x]"
TREE = "class Node:\n    def __init__(self, value):\n        self.value, self.left = value, None\n"
DEPTH = TREE + "def depth(node):\n    return 0 if node is None else 1 + depth(node.left)"
GIVEN = "def f(text, n):\n    return text.upper() * n"
PAIRS = {
    "MBPP": ({"test_list": ["assert add(1, 2) == 3", "assert add(200, 1)==201"]}, ADD, OFF),
    "lists as text": ({"test_list": json.dumps(["assert add(200, 1) == 201"])}, ADD, OFF),
    "lines": (["assert add(1, 2) == 3", "assert 201 == add(200, 1)"], ADD, OFF),
    "an assert without a comparison": (["assert add(1, 1) > 1", "assert not add(200, -200)"], ADD, OFF),
    "an assert with a module": (
        ["assert math.isclose(add(.1, .2), .3)", "assert add(200, 1) < 202"],
        ADD,
        OFF,
    ),
    "a wrapped call": (["assert set(add([101], [1])) == {101, 1}"], ADD, "def add(a, b): return a"),
    "an expected value that is computed": (
        ["assert add(10, 2) == 3 * 4", "assert add(200,1)==sum([201])"],
        ADD,
        OFF,
    ),
    "a loop of asserts": (["for i in range(99, 102):\n    assert add(i, 1) == i + 1"], ADD, OFF),
    "a function under a builtin's name": (
        ["assert sum(10, 15) == 25"],
        "def sum(a, b): return a + b",
        "def sum(a, b): return a",
    ),
    "MBPP with a setup that builds on the program": (
        {
            "test_list": ["assert depth(root) == 2"],
            "test_setup_code": "root = Node(1)\nroot.left = Node(2)",
        },
        DEPTH,
        DEPTH.replace("1 +", "2 +"),
    ),
    "HumanEval": (HUMAN, POLY_BODY, "    return 1.0\n"),
    "HumanEval, the whole function": (
        HUMAN,
        FIND + POLY_BODY,
        FIND + "    return 1",
    ),
    "stdin": ({"inputs": ["a b\n", "c d e"], "outputs": ["b a\n", "e d c\n"]}, ECHO, "print('b a')"),
    "stdin below input_output": (
        {"input_output": json.dumps({"inputs": ["a b\n"], "outputs": ["b a\n"]})},
        ECHO,
        "print(input())",
    ),
    "calls": ({"fn_name": "add", "inputs": [[1, 2], [200, 1]], "outputs": [3, [201]]}, ADD, OFF),
    "LiveCodeBench stdin": (
        {"tests": [{"input": "a b", "output": "b a", "testtype": "stdin"}]},
        ECHO,
        "print('a')",
    ),
    "LiveCodeBench functional": (LIVED, PUSH, PUSH.replace("xs + [x]", "xs")),
    "tests by type": (
        [{"type": "function_call", "fn_name": "add", "input": [200, 1], "output": [201]}],
        ADD,
        OFF,
    ),
    "CRUXEval forward": (
        {"code": GIVEN, "input": "'ab', 2", "output": "'ABAB'", "mode": "output"},
        "'AB' * 2",
        "'AB'",
    ),
    "CRUXEval backward": (
        {"code": GIVEN, "input": "'ab', 2", "output": "'ABAB'", "mode": "input"},
        "f('ab', n=2)",
        "'ABAB'",
    ),
}


@pytest.mark.parametrize(("reference", "good", "bad"), PAIRS.values(), ids=PAIRS)
def test_every_form_tells_a_right_program_from_a_wrong_one(reference, good, bad):
    text = json.dumps(reference)
    right = verify("code", f"<think>.</think>```python\n{good}\n```", text)
    assert (right.verdict, right.reason) == ("right", "passed"), right
    assert right.sandbox in ("zygote", "bubblewrap")
    assert verify("code", f"<think>.</think>```python\n{bad}\n```", text).reason == "different"


@pytest.mark.parametrize(
    "reference",
    [
        "not JSON",
        "[]",
        "{}",
        '{"test_list": ["add(1, 2)"]}',
        '{"test_list": ["assert add("]}',
        '{"inputs": ["1"], "outputs": []}',
        '{"fn_name": "f", "inputs": ["1"], "outputs": ["1"]}',
        '{"tests": [{"input": "1", "output": "1", "testtype": "functional"}]}',
        '{"test": "def check(candidate): pass", "entry_point": "f("}',
        '["assert f() == [[name_of_nobody]]"]',
    ],
)
def test_a_reference_that_cannot_be_read_is_our_doubt(reference):
    verdict = verify("code", "<think>.</think>```python\ndef f(): return 1\ndef add(): pass\n```", reference)
    assert verdict.verdict == "unknown" or verdict.reason == "different", verdict
    if "nobody" not in reference:
        assert verdict.reason == "bad_reference"


@pytest.mark.parametrize(
    "args", [{"checker": "best"}, {"timeout_s": -1}, {"memory_mb": "much"}, {"total_s": 1e999}]
)
def test_arguments_that_make_no_sense_are_our_doubt(args):
    assert verify("code", "<think>.</think>`x`", '["assert f() == 1"]', **args).reason == "bad_reference"


def test_a_function_may_be_named_by_the_arguments():
    reference = json.dumps({"inputs": [[1, 2]], "outputs": [3]})
    assert verify("code", f"<think>.</think>```\n{ADD}\n```", reference, fn_name="add").verdict == "right"


def test_of_several_blocks_the_last_that_defines_what_is_called_counts():
    answer = "\n".join(f"So:\n```python\n{code}\n```" for code in (OFF, ADD, "print(add(1, 2))"))
    reference = '["assert add(200, 1) == 201"]'
    assert verify("code", f"<think>```python\nx\n```</think>{answer}", reference).verdict == "right"


def test_a_program_without_a_fence_counts_and_prose_is_no_answer():
    reference = '["assert add(200, 1) == 201"]'
    assert verify("code", f"<think>.</think>{ADD}", reference).verdict == "right"
    assert verify("code", "<think>.</think>I would add the two.", reference).reason == "no_answer"
    assert verify("code", f"<think>.</think>So:\n```python\n{ADD}", reference).verdict == "right"


def test_a_value_may_repeat_the_assert_that_asked_for_it():
    reference = json.dumps({"code": GIVEN, "input": "'a', 1", "output": "'A'", "mode": "output"})
    for told in (
        "assert f('a', 1) == 'A'",
        "```python\nassert f('a', 1) == 'A'\n```",
        "\\boxed{'A'}",
        "`'A'`",
    ):
        assert verify("code", f"<think>.</think>{told}", reference).verdict == "right", told


def test_arguments_that_are_asked_for_are_plain_values():
    reference = json.dumps({"code": GIVEN, "input": "'ab', 2", "output": "'ABAB'", "mode": "input"})
    fake = "f(type('T', (), {'upper': lambda self: 'ABAB'})(), 1)"
    assert verify("code", f"<think>.</think>```\n{fake}\n```", reference).reason == "not_plain"


def test_the_known_solution_is_the_answer_of_a_reference():
    reference = json.dumps({"test_list": ["assert add(1, 2) == 3"], "code": ADD + "\n# ```"})
    assert verify("code", own_completion("code", reference), reference).verdict == "right"
