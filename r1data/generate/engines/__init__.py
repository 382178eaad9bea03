"""Engines: what turns prompts into completions. To add one, write a file here and name it below.

An engine is made as `ENGINES[name](generate, model)` from the recipe's [generate] section and a
`ModelFolder`, and used as a context manager (`r1data.generate.engine.Engine`).
"""

from collections.abc import Callable

from r1data.generate.engine import Engine
from r1data.generate.engines.fake import FakeEngine
from r1data.generate.engines.openai.engine import OpenaiEngine
from r1data.generate.engines.openai_batch.engine import OpenaiBatchEngine
from r1data.generate.engines.program import ProgramEngine
from r1data.generate.engines.replay.engine import ReplayEngine
from r1data.generate.engines.vllm import VllmEngine
from r1data.generate.models import ModelFolder
from r1data.recipe import Generate

ENGINES: dict[str, Callable[[Generate, ModelFolder], Engine]] = {
    "vllm": VllmEngine,
    "openai": OpenaiEngine,
    "openai_batch": OpenaiBatchEngine,
    "fake": FakeEngine,
    "replay": ReplayEngine,
    "program": ProgramEngine,
}
"""Engines by the name that recipes use."""
