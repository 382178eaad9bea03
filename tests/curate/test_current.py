"""Which of several facts counts."""

from r1data.curate.current import deciding_verdicts
from r1data.verify import VERIFIERS
from tests.curate.conftest import NIGHT, rows


def test_a_verifier_that_needs_no_reference_decides_too():
    rollouts = rows("rollouts", {"rollout_id": "a", "prompt_id": "p", "teacher_id": "t", "night": NIGHT})
    references = rows("prompt_references", {"prompt_id": "p", "reference_version": "v", "verifier": "format"})
    verdict = {"rollout_id": "a", "verifier": "format", "verifier_version": VERIFIERS["format"].version}
    verdicts = rows("verdicts", verdict | {"reference_version": "", "verdict": "right"})
    assert deciding_verdicts(rollouts, verdicts, references).collect()["verdict"].to_list() == ["right"]
