"""What may be exported."""

from r1data.recipe.section import Section


class ExportRules(Section):
    """Which rows of a mix may be exported; the others are dropped and named, with their reason."""

    licences: tuple[str, ...] = (
        *("CC0-1.0", "PDDL-1.0", "Unlicense", "CC-PDM-1.0"),
        *("CC-BY-[1-4].?", "CC-BY-SA-[1-4].?", "ODC-By-1.0", "ODbL-1.0"),
        *("CDLA-Permissive-[12].0", "CDLA-Sharing-1.0"),
        *("MIT", "MIT-0", "Apache-2.0", "BSD-[123]-Clause", "0BSD", "ISC", "Zlib", "BSL-1.0"),
    )
    """SPDX licences of prompts, as shell patterns: by default those that let anyone pass on the text and what
    is made of it, also for money. `*` allows every licence that is stated, `not stated` also none.
    """
    terms: tuple[str, ...] = ("*", "not stated")
    """Terms of use of the teachers' completions, as shell patterns; all by default: it is free text."""
    keep_pii: bool = False
    """Whether texts stay in which personal data or secrets were found, or not searched for yet."""
