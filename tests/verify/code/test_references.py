import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from orjson import dumps

from r1data.verify import at_once, own_completion, probes
from r1data.verify.code.problem import BadReferenceError, problem

KEYS = (
    "test_list test_setup_code challenge_test_list test_imports tests test entry_point prompt inputs outputs "
    "fn_name input_output code input output mode solutions wrong_solutions metadata testtype type"
)
FORMS = (
    "test_list",
    "tests",
    "test entry_point",
    "inputs outputs",
    "inputs outputs fn_name",
    "code input output",
)
TEXTS = r"""assert f(1) == 2
assert f
assert (lambda: f(x))()
for x in f: pass
x.f
def f(): 1

["assert f(1)"]
{
functional
function_call
input
None
assert sum(1, 2) == x
assert [f(i) for i in y] == []
assert f.g[0](1) == f
{"func_name": 1}
{"func_name": "f"}
{"inputs": [[1]], "outputs": [1]}
def check(f): assert f(1)"""
SCALARS = st.none() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS | st.sampled_from(TEXTS.split("\n")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5)
    ),
    max_leaves=12,
)


def of_form(form):
    needed = {key: VALUES | st.lists(VALUES, min_size=1, max_size=1) for key in form.split()}
    return st.fixed_dictionaries(needed, optional={k: VALUES for k in KEYS.split() if k not in needed})


REFERENCES = VALUES | st.sampled_from(FORMS).flatmap(of_form)
ARGS = st.dictionaries(st.sampled_from(["fn_name", "checker", "total_s"]), VALUES)


@settings(max_examples=200)
@given(reference=REFERENCES, args=ARGS)
def test_whatever_a_reference_holds_it_is_read_or_refused(reference, args):
    text = dumps(reference).decode()
    assert probes("code", text, args)
    assert own_completion("code", text, args)
    verdict = at_once("code", "<think>.</think>```\ndef f(): pass\n```", text, args)
    assert getattr(verdict, "reason", "bad_reference") == "bad_reference"
    with contextlib.suppress(BadReferenceError):
        assert problem(text, args).cases
