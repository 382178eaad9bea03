"""Section [generate] of a night's recipe: who is asked, by which engine, how often, within what budget."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from r1data.recipe.section import Section


class VllmSettings(Section):
    """Engine `vllm`. None of this changes what the model would say, so it is no part of the teacher's id."""

    max_num_seqs: int = Field(default=128, ge=1)
    """Completions decoded at once by each copy of the model: the engine's slots."""
    kv_cache_bytes: int = Field(default=2**30, ge=2**26)
    """On CPU: memory of the KV cache, for each device of each copy of the model."""
    gpu_memory_share: float = Field(default=0.9, gt=0, le=1)
    """On GPU: share of its memory that vLLM may take."""
    dtype: str = "bfloat16"
    tensor_parallel: int = Field(default=1, ge=1)
    """Devices that one copy of the model is spread over."""
    data_parallel: int = Field(default=1, ge=1)
    """Copies of the model, each on devices of its own."""
    start_timeout_s: float = Field(default=600, gt=0)


class Endpoint(Section):
    """One OpenAI-compatible server."""

    url: str
    """Address up to and with `/v1`."""
    api_key_env: str | None = None
    """Environment variable that holds its key."""
    concurrency: int = Field(default=64, ge=1)
    """Requests that it works on at once."""


class OpenaiSettings(Section):
    """Engine `openai`: servers with OpenAI's chat completions: vLLM, SGLang, Ollama, hosted APIs."""

    endpoints: tuple[Endpoint, ...] = ()
    """Servers of the same model; each request goes to the healthy one with the most room."""
    requests_per_minute: float | None = Field(default=None, gt=0)
    """Of all servers together."""
    tokens_per_minute: float | None = Field(default=None, gt=0)
    """Prompt and completion tokens of all servers together."""
    timeout_s: float = Field(default=1800, gt=0)
    """Seconds that a server may take for one request."""
    max_retries: int = Field(default=8, ge=0)
    """Attempts after the first one before a rollout ends as `error`; waiting until any server is healthy is
    none.
    """
    max_backoff_s: float = Field(default=60, gt=0)
    """Longest wait between two attempts, unless a server's `Retry-After` is longer."""
    unhealthy_s: float = Field(default=600, gt=0)
    """The engine gives up when every server has been out of order for so long."""
    reasoning_kind: Literal["full", "summary", "hidden"] = "full"
    """What of its thought the model shows: all, a summary (never trained on), or nothing."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further keys of every request. `"$omit"` as a value leaves a key out, and `"$KEY"` stands for what the
    request holds under KEY: hosted reasoning models want `max_completion_tokens = "$max_tokens"` and
    `max_tokens = "$omit"`.
    """


class BatchSettings(Section):
    """Engine `openai_batch`: batch files of a hosted API, done within 24 hours at a lower price."""

    url: str = ""
    """Address up to and with `/v1`."""
    api_key_env: str | None = None
    """Environment variable that holds its key."""
    requests_per_batch: int = Field(default=10_000, ge=1, le=50_000)
    batches_at_once: int = Field(default=8, ge=1)
    poll_s: float = Field(default=60, gt=0)
    """Seconds between two looks at the batches."""
    max_retries: int = Field(default=2, ge=0)
    """Further batches that a request which expired or failed is put into before it ends as `error`."""
    unhealthy_s: float = Field(default=3600, gt=0)
    """The engine gives up when the API has not answered for so long; its batches are collected next time."""
    reasoning_kind: Literal["full", "summary", "hidden"] = "full"
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Further keys of every request."""


class ReplaySettings(Section):
    """Engine `replay`: completions that exist already, such as published traces."""

    path: str = ""
    """A file (JSONL, JSONL.gz, Parquet or CSV) or a folder of them; `${NAME}` is an environment variable."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which column of the file is our `prompt` or `messages`, `completion`, or `reasoning` and `answer`,
    `finish_reason`, `prompt_tokens`, `completion_tokens`.
    """
    digest: str | None = None
    """Hash of the content of `path`, as `r1data import` writes it; a file with other content is refused."""
    prompt_suffix: str = ""
    """Text that the prompt source adds to every prompt, so that both find the same prompt."""
    reasoning_kind: Literal["full", "summary", "hidden"] = "full"


class Prices(Section):
    """What a rollout costs."""

    usd_per_million_prompt_tokens: float = Field(default=0, ge=0)
    usd_per_million_cached_tokens: float | None = Field(default=None, ge=0)
    """Prompt tokens that the engine had cached; the price of a prompt token without it."""
    usd_per_million_completion_tokens: float = Field(default=0, ge=0)
    usd_per_hour: float = Field(default=0, ge=0)
    """Of the machine while the engine runs; part of a run's cost, and of no single rollout's."""


class Budget(Section):
    """What a night and a prompt may use up; a rollout that might exceed it is not begun."""

    attempts: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    """Prompt and completion tokens."""
    usd: float | None = Field(default=None, gt=0)
    wall_s: float | None = Field(default=None, gt=0)
    """Seconds of one run, after which nothing more is begun."""
    attempts_per_prompt: int | None = Field(default=None, ge=1)
    tokens_per_prompt: int | None = Field(default=None, ge=1)
    usd_per_prompt: float | None = Field(default=None, gt=0)
    wall_s_per_prompt: float | None = Field(default=None, gt=0)
    """Seconds of the prompt's rollouts together."""


class Adaptive(Section):
    """Stop asking a prompt early; only attempts that were not begun are left out, the last ones first."""

    enough: int = Field(default=4, ge=1)
    """Right and well-formed attempts after which a prompt is solved."""
    first: int = Field(default=4, ge=1)
    """Attempts that are always made; pass rates are those of these."""
    futile_after: int | None = Field(default=None, ge=1)
    """Finished attempts after which a prompt without a right one is given up; never without it."""


class Unsolved(Section):
    """Ask prompts of earlier nights again that no attempt solved."""

    prompts_per_night: int = Field(default=0, ge=0)
    """How many of them, those with the fewest attempts first."""
    attempts: int = Field(default=8, ge=1)
    """Further attempts at each."""
    max_attempts: int = Field(default=32, ge=1)
    """A prompt with so many attempts is left alone."""


class Generate(Section):
    """Who is asked, how often, and with what room."""

    teacher: str = "smollm2"
    """A file of recipes/teachers, without its suffix; or a path that ends in `.toml`, from the recipe's
    folder.
    """
    engine: str = "vllm"
    """A key of `r1data.generate.engines.ENGINES`."""
    rollouts_per_prompt: int = Field(default=8, ge=1)
    max_tokens: int = Field(default=2048, ge=1)
    """Completion tokens allowed per rollout."""
    retry_max_tokens: int | None = Field(default=None, ge=1)
    """Completion tokens allowed when a rollout that hit `max_tokens` is made once more; never without it."""
    context_tokens: int = Field(default=4096, ge=16)
    """Prompt and completion together."""
    segment_s: float = Field(default=600, gt=0)
    """Finished rollouts are published at least this often while the night runs."""
    adaptive: Adaptive | None = None
    """Without it, every prompt is asked `rollouts_per_prompt` times."""
    unsolved: Unsolved = Unsolved()
    budget: Budget = Budget()
    prices: Prices | None = None
    vllm: VllmSettings = VllmSettings()
    openai: OpenaiSettings = OpenaiSettings()
    openai_batch: BatchSettings = BatchSettings()
    replay: ReplaySettings = ReplaySettings()
    fake: dict[str, Any] = Field(default_factory=dict)
    """Script of the fake engine, for tests and dry runs."""

    @model_validator(mode="after")
    def _retries_have_more_room(self) -> Self:
        retry = self.retry_max_tokens
        if retry is not None and not self.max_tokens < retry < self.context_tokens:
            raise PydanticCustomError(
                "retry_max_tokens",
                "retry_max_tokens must be more than max_tokens ({cap}) and less than context_tokens ({room})",
                {"cap": self.max_tokens, "room": self.context_tokens},
            )
        return self
