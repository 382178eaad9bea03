"""The recipe of a night: one section per stage, with defaults that run on a laptop."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from r1data.recipe.cold_start import ColdStart
from r1data.recipe.export import ExportRules
from r1data.recipe.generate import Generate
from r1data.recipe.judge import Judge
from r1data.recipe.readability import Readability
from r1data.recipe.section import Section, Word
from r1data.recipe.training import Training

Domain = Literal["math", "code", "stem", "logic", "instruction", "general"]
READ = ("files", "hub", "inbox")
"""Sources whose prompts people wrote; the others compute them."""


class QuestionSource(Section):
    """What prompt sources and benchmarks have in common."""

    name: Word
    source: str
    """A key of `r1data.prompts.SOURCES`: templates, reasoning_gym, files, hub, inbox or perturbed."""
    families: tuple[str, ...] = ()
    """templates, reasoning_gym: families or tasks to draw from."""
    n_per_family: int = Field(default=24, ge=1)
    """templates, reasoning_gym: new items of each family."""
    levels: tuple[Annotated[int, Field(ge=1, le=5)], ...] = ()
    """reasoning_gym: difficulties to draw from, 1 (easiest) to 5, in equal parts; the task's own defaults
    without it.
    """
    path: str | None = None
    """files, perturbed: one file (JSONL, CSV, both also as .gz, or Parquet) or a folder of them, here or at
    `s3://` or `hf://`; inbox: a folder here. `${NAME}` is an environment variable.
    """
    dataset: str | None = None
    """hub: a data set of the Hugging Face hub, `owner/name`, or a folder that `datasets` reads."""
    config: str | None = None
    """hub: the data set's configuration, where it has several."""
    split: str = "train"
    """hub: the data set's split."""
    revision: str | None = None
    """hub: branch, tag or commit; the newest commit of the main branch without it."""
    columns: dict[str, str] = Field(default_factory=dict)
    """files and the like: which column of the file is our `prompt` or `messages`, `reference`, `family`, …"""
    reference_columns: tuple[str, ...] = ()
    """files and the like: columns that make up the reference, in place of `columns.reference`: one JSON
    object by their names, such as tests and a known solution.
    """
    rows: tuple[int, int] | None = None
    """files and the like: use rows from the first to before the second, counted from 0."""
    n_per_night: int | None = Field(default=None, ge=1)
    """files and the like: how many rows a night asks; the next night goes on, in a fixed shuffled order. All
    rows without it.
    """
    domain: Domain | Literal["auto"] = "math"
    """`auto`: told from the text by `r1data.prompts.domain`."""
    language: str = "en"
    """ISO 639-1 code of the language in which traces must be written."""
    licence: str | None = None
    verifier: str = "math"
    """files and the like: a key of `r1data.verify.VERIFIERS`."""
    verifier_args: dict[str, Any] = Field(default_factory=dict)
    prompt_suffix: str = ""
    """files and the like: text added to every prompt, such as how to write the answer."""


class PromptSource(QuestionSource):
    """Where a night's prompts come from."""

    allow_missing_reference: bool = False
    """files and the like: take in rows without a reference, too. Their prompts are asked, and what comes back
    is stored, but not verified, so none of it is accepted before a reference is known.
    """
    max_per_night: int | None = Field(default=None, ge=1)
    """Prompts of this source that a night may ask, at most; those beyond are marked `over_quota`."""
    settle_s: float = Field(default=10, ge=0)
    """inbox: seconds for which a file must have been left alone before it counts as complete."""
    near_duplicates: bool | None = None
    """Whether a prompt is left out that asks what another one of this recipe asks. Without it, prompts of
    files are, and generated ones, which are alike by design, are not.
    """

    @property
    def compares(self) -> bool:
        """Whether its prompts are compared with one another."""
        return self.source in READ if self.near_duplicates is None else self.near_duplicates


class BenchmarkSource(QuestionSource):
    """An evaluation set; the same items every night, kept out of the prompts."""


class Verify(Section):
    """How rule verdicts are made, and which reward model reads beside them."""

    timeout_s: float = Field(default=5, gt=0)
    """A verdict that takes more seconds of CPU time is unknown(timeout); programs have limits of their own.
    """
    workers: int | None = Field(default=None, ge=1)
    """Worker processes; as many as cores without it."""
    sandbox: Literal["auto", "zygote", "bubblewrap", "unsafe"] = "auto"
    """Where programs of completions run. `auto`: the first of zygote and bubblewrap that works here; where
    none does, verdicts on programs are unknown(no_sandbox). `unsafe`: limits and nothing else; programs see
    files and network of this machine. Every verdict on a program names the one that ran it.
    """
    reward_model: str | None = None
    """`student:NAME`, or the folder of a reward model. Its verdicts stand beside those of rules and decide
    nothing; mixes such as `preferred` go by them.
    """

    @property
    def by_rule(self) -> dict[str, Any]:
        """Arguments of `r1data.verify.run.verify_batches`."""
        return self.model_dump(exclude={"reward_model"})


class Embedding(Section):
    """An OpenAI-compatible server of embeddings, such as `vllm serve MODEL --runner pooling`."""

    url: str
    """Address up to `/v1`."""
    model: str
    threshold: float = Field(default=0.85, gt=0, le=1)
    """Least cosine of text and item."""
    top_k: int = Field(default=3, ge=1)
    """Most similar items that the judge is asked about; without a judge the first one counts."""
    api_key_env: str | None = None
    """Environment variable that holds the key."""
    judge: str | None = None
    """Model that is asked whether text and item are the same problem; without it the cosine decides."""
    judge_url: str | None = None
    """Address of the judge; that of the embeddings without it."""


class Planted(Section):
    """Rephrased or translated items."""

    path: str
    """A file: JSONL, JSONL.gz, Parquet or CSV."""
    text: str = "text"
    """Column of the texts."""
    kind: str = "kind"
    """Column that tells what was done to the item; recall is told for each kind."""


class Contamination(Section):
    """When a text counts as a copy of a benchmark item."""

    ngram_words: int = Field(default=10, ge=3)
    """Shared run of words that makes a hit, if the numbers agree too; R1 used 10, GPT-3 13."""
    similarity: float = Field(default=0.75, gt=0, le=1)
    """Least indel similarity of a fuzzy hit."""
    coverage: float = Field(default=0.5, ge=0, le=1)
    """Share of an item's words, rare ones counting more, that a hit has in order."""
    more_numbers: float = Field(default=0.34, ge=0)
    """How many numbers more than the item the matched text may have, as a share of the item's."""
    embedding: Embedding | None = None
    """The optional stage that finds paraphrases and translations."""
    planted: Planted | None = None
    """Other versions of the benchmarks' items, for the check that measures what is found."""
    min_recall_verbatim: float = Field(default=0.99, ge=0, le=1)
    """Least share of planted items that must be found, word for word or inside longer texts."""
    min_recall_formats: float = Field(default=0.9, ge=0, le=1)
    """Least share of planted items in other formats that must be found."""
    max_false_hits: float = Field(default=0.05, ge=0, le=1)
    """Largest share of texts that hold no item, and in which one is found."""


Scope = Literal["global", "source", "prompt"]


class Duplicates(Section):
    """When two traces count as one."""

    scope: Scope = "global"
    """Among which traces: all, those of prompts of one source, or those of one prompt."""

    threshold: float = Field(default=0.8, gt=0, le=1)
    """Least exact Jaccard similarity of their shingles."""
    min_shingles: int = Field(default=1, ge=1)
    """A trace with fewer shingles (runs of five words) is only a duplicate of one with the same text."""
    boilerplate: tuple[str, ...] = ()
    """Phrases of five words or more that many traces share; their shingles count for nothing."""
    max_pairs: int = Field(default=200_000_000, ge=1)
    """Candidate pairs at most; the densest band hashes are deferred beyond it, and counted."""
    memory_mb: int = Field(default=512, ge=1)
    """Texts that are held at once while pairs are compared exactly."""


class Language(Section):
    """When a trace mixes languages."""

    max_foreign_chars: int = Field(default=0, ge=0)
    """Letters in other languages that are tolerated, beside what the rules of docs/language.md tolerate."""


class Basic(Section):
    """When a prompt is broken for every use: the first of R1's three levels (view `filter_basic`)."""

    min_prompt_chars: int = Field(default=8, ge=0)
    """Fewest characters of a prompt."""
    max_prompt_chars: int = Field(default=20_000, ge=1)
    """Most characters of a prompt."""


class Difficulty(Section):
    """Which prompts reinforcement learns from (views `rl_prompts` and `hard_prompts`)."""

    min_pass_rate: float = Field(default=0.1, ge=0, le=1)
    """A prompt with this pass rate or less is hard: attempts tell nothing apart, for none is right."""
    max_pass_rate: float = Field(default=0.9, ge=0, le=1)
    """A prompt with this pass rate or more is solved."""


class Select(Section):
    """Which eligible traces become the corpus."""

    keep_per_prompt: int = Field(default=4, ge=1)
    order: Literal["shortest", "longest", "random"] = "shortest"


class Checks(Section):
    """When a night is stopped before it publishes a corpus."""

    min_accepted: int = Field(default=1, ge=0)
    """Accepted traces that a corpus must have."""
    max_unknown_share: float = Field(default=0.2, ge=0, le=1)
    """Largest share of rule verdicts that may be unknown, truncated completions aside."""


class Recipe(Section):
    """What to make, night after night."""

    name: Word
    """Partition key of everything derived."""
    start: date
    """First night."""
    prompts: tuple[PromptSource, ...] = Field(min_length=1)
    benchmarks: tuple[BenchmarkSource, ...] = ()
    quotas: dict[Domain, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Prompts of a domain that a night may ask, at most; those beyond are marked `over_quota`."""
    licence_required: bool = False
    """Whether a prompt without a licence is marked `no_licence` and not asked."""
    cold_start: ColdStart | None = None
    """Without it, nothing is made for cold start."""
    generate: Generate = Generate()
    verify: Verify = Verify()
    judge: Judge | None = None
    """Without it, no model is asked where no rule decides."""
    contamination: Contamination = Contamination()
    duplicates: Duplicates = Duplicates()
    language: Language = Language()
    readability: Readability = Readability()
    basic: Basic = Basic()
    difficulty: Difficulty = Difficulty()
    select: Select = Select()
    checks: Checks = Checks()
    export: ExportRules = ExportRules()
    students: tuple[str, ...] = ()
    """Files of recipes/students, without their suffix."""
    training: Training = Training()
