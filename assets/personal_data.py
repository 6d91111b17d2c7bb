"""Which class of personal data an asset's rows belong to, as a tag; what happens to a column is decided by canon."""

from collections.abc import Mapping, Set
from types import MappingProxyType

from pilot_pipeline.feeds.canon import CANON, PersonalData
from pilot_pipeline.warehouse.models import Model
from pilot_pipeline.warehouse.tables import Table

PERSONAL_DATA_TAG = "pilot/personal_data"

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "none": "nothing about people",
        "aggregate": "figures about groups; published ones are suppressed below the minimum group size",
        "synthetic": "people who do not exist",
        "free_text": "what people wrote, cleaned of known names and addresses",
        "pseudonymous": "rows about a person under a keyed pseudonym",
        "personal": "such rows with facts from the HRIS",
        "behavioural": "such rows on what a person did or how a manager scored it",
        "protected": "such rows with gender, ethnicity or year of birth",
    }
)
"""Every value of the tag, the more to be guarded the further down."""

_COLUMNS: Mapping[str, PersonalData] = MappingProxyType(
    {column.name: column.personal for feed in CANON.values() for column in feed.columns if column.personal != "none"}
)
_PEOPLE = frozenset({name for name, kind in _COLUMNS.items() if kind in ("person_id", "email")})


def personal_class(described: Table | Model) -> str:
    """Return the class (a key of `CLASSES`) of a table's rows, from its columns' names and its place."""
    feed = CANON.get(described.name.removesuffix("_baseline")) if described.schema == "feeds" else None
    known = {column.name: column.personal for column in feed.columns} if feed else _COLUMNS
    names = set(described.types)
    kinds: set[PersonalData] = {known.get(name, "none") for name in names}
    if "synthetic_id" in names:
        return "synthetic"
    if not names & _PEOPLE:
        # `parent`: units of the hierarchy before suppression, where a manager's is a pseudonym.
        return "pseudonymous" if "parent" in names else _impersonal(bool(feed), kinds)
    if "protected" in kinds:
        return "protected"
    if "behavioural" in kinds or described.schema == "weekly":
        return "behavioural"
    return "personal" if "personal" in kinds else "pseudonymous"


def _impersonal(is_feed: bool, kinds: Set[PersonalData]) -> str:
    if not is_feed:
        return "aggregate"
    return "free_text" if "free_text" in kinds else "none"
