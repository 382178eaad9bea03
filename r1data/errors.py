"""Every error r1data raises on purpose.

R1DataError
├── ConfigError        the run was asked for something impossible; raised before any work (exit status 2)
├── InputError         a file or row that a user gave cannot be used; names the file and the row
├── OfflineError       something must be fetched and nothing answers
├── SchemaError        a frame or a table does not have the columns that its stage promises
├── ConcurrentWrite    another run published first; nothing of ours is visible
├── RunInProgress      another run holds the lake or the student; it was not disturbed
├── StorageError       a disk or bucket does not take what must be kept; what was published stays
├── CorruptLake        stored bytes are not what was published; names the file and the command that mends it
├── EngineError        an engine died or broke its promise; what it had finished is kept
├── SandboxError       untrusted code cannot be run in isolation here, or the sandbox itself failed
├── QueryError         a statement that `r1data sql` does not run
├── GateError          a publish gate refused; nothing was published
└── TrainError         a training job failed; its log is named

A bad *rollout* is data: a row with a reason. A bad *run* is one of these. A broken verifier is neither: its
verdict is `unknown`, with the reason.
"""


def first_line(error: BaseException) -> str:
    """The first line of what another library's error says, or its name where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


class R1DataError(Exception):
    """Base of every error that r1data raises on purpose; the message is one line that says what to do."""

    exit_status = 1


class ConfigError(R1DataError):
    """The run was asked for something impossible; raised before any work."""

    exit_status = 2


class InputError(R1DataError):
    """A file or row that a user gave cannot be used; the message names the file and the row."""


class OfflineError(R1DataError):
    """Something must be fetched and nothing answers; the message says which command to run where."""


class SchemaError(R1DataError):
    """A frame or a stored table does not have the columns that its stage promises."""


class ConcurrentWrite(R1DataError):
    """Another run published first; nothing of ours is visible."""


class RunInProgress(R1DataError):
    """Another run holds the lake or the student; it was not disturbed."""


class StorageError(R1DataError):
    """A disk or bucket does not take what must be kept; what was published stays."""


class CorruptLake(R1DataError):
    """Stored bytes are not what was published; the message names the file and the command that mends it."""


class EngineError(R1DataError):
    """An engine died or broke its promise; the rollouts that it had finished are kept."""


class SandboxError(R1DataError):
    """Untrusted code cannot be run in isolation here, or the sandbox itself failed; says what is missing."""


class QueryError(R1DataError):
    """A statement that `r1data sql` does not run, with the reason."""


class GateError(R1DataError):
    """A publish gate refused; nothing was published."""


class TrainError(R1DataError):
    """A training job failed; the message names its log."""
