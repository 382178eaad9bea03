"""Programs that solve nothing and want to pass."""

import json

import pytest

from r1data.verify import verify

SECRET = "zq-7731-secret"
CHECK = f"def check(f):\n    assert f() == {SECRET!r}\n    assert len(f()) == {len(SECRET)}"
FORMS = {
    "asserts": [f"assert f() == {SECRET!r}"],
    "a setup that holds the answer": {
        "test_list": ["assert f() == wanted"],
        "test_setup_code": f"wanted = {SECRET!r}",
    },
    "an assert of its own kind": [f"assert f() in [{SECRET!r}]"],
    "check": {"test": CHECK, "entry_point": "f"},
    "calls": {"fn_name": "f", "inputs": [[]], "outputs": [SECRET]},
    "stdin": {"inputs": [""], "outputs": [SECRET]},
}
FOUND = """
import re
PATTERN = re.compile(rb'zq-[0-9]{4}-secret')
def look(data):
    found = PATTERN.search(data)
    return found and found[0].decode()
"""
CHEATS = {
    "an object that equals everything": """
class Any(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __contains__(self, other): return True
    def __len__(self): return 14
def f(): return Any()
""",
    "an early exit": "import os\ndef f(): os._exit(0)\nif __name__ == '__main__': f()",
    "an early exit at once": "import os\nos._exit(0)",
    "SystemExit": "import sys\ndef f(): sys.exit(0)\nif __name__ == '__main__': f()",
    "builtins that lie": """
import builtins
builtins.len = lambda x: 14
builtins.eval = builtins.compile = builtins.exec = lambda *args, **kwargs: True
AssertionError = builtins.AssertionError = type('Quiet', (Exception,), {})
def f(): return True
""",
    "a forged report": """
import json, os
def f():
    nonce = os.pread(4, 32, 0)
    for value in (True, None, 'passed', ['passed', '']):
        os.write(3, nonce + json.dumps({'status': 'finished', 'value': value}).encode())
        break
    os._exit(0)
f()
""",
    "a report with a made-up nonce": """
import os
os.write(3, b'0' * 32 + b'{"status": "finished"}')
os._exit(0)
""",
    "reads the objects": FOUND
    + """
import gc
def f():
    for each in gc.get_objects():
        if found := look(repr(each)[:9999].encode(errors='replace')):
            return found
print(f())
""",
    "reads the frames": FOUND
    + """
import sys
def f():
    frame = sys._getframe()
    while frame:
        for each in (frame.f_locals, frame.f_code.co_consts, dict(frame.f_globals)):
            if found := look(repr(each).encode(errors='replace')):
                return found
        frame = frame.f_back
print(f())
""",
    "reads its descriptors": FOUND
    + """
import os
def f():
    for descriptor in range(64):
        try:
            if found := look(os.pread(descriptor, 1 << 20, 0)): return found
        except OSError: pass
print(f())
""",
    "reads its memory": FOUND
    + """
def f():
    with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
        for line in maps:
            low, high = (int(x, 16) for x in line.split()[0].split('-'))
            try:
                memory.seek(low)
                if found := look(memory.read(high - low)): return found
            except (OSError, ValueError, OverflowError): pass
print(f())
""",
}


@pytest.mark.parametrize("form", FORMS)
def test_no_cheat_passes(form):
    reference = json.dumps(FORMS[form])
    honest = f"def f(): return {SECRET!r}\nprint(f())"
    assert verify("code", f"<think>.</think>```python\n{honest}\n```", reference).verdict == "right"
    for name, source in CHEATS.items():
        verdict = verify("code", f"<think>.</think>```python\n{source}\n```", reference)
        assert verdict.verdict == "wrong", (name, verdict)
