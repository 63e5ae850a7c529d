"""Who meets the launch: thirty contacts, what becomes of each by design, and what the reps will hear from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Fate = Literal["owner", "plan", "turn", "list", "queue", "no_fit", "too_quiet", "do_not_contact"]
"""Given to the account's owner; to the rep whom the call plan names; to whose turn it is in the territory; to whose turn it is in the one
whose list names them, since no postal code of it is theirs; waiting, since no territory covers the postal code; below the fit threshold;
below the engagement threshold; an MQL like the others, but not to be contacted, so given to nobody."""

THEME_TOPIC = "dosing_administration"
THEME_SPECIALTY = "cardiology"


@dataclass(frozen=True, slots=True)
class Objection:
    """What a rep hears from a contact. `case`: certain where the rep flags an adverse event, possible where only the text tells of one."""

    topic: str
    nature: Literal["concern", "misunderstanding", "inability_to_act", "indifference"]
    reaction: Literal["positive", "neutral", "negative"]
    note: str = ""
    case: Literal["certain", "possible"] | None = None

    @property
    def counts(self) -> bool:
        """Whether its codes go on: what is certain leaves the commercial path, whatever its codes say."""
        return self.case != "certain"


@dataclass(frozen=True, slots=True)
class Part:
    """One contact's part in the play. `place` is a territory's id, or a city no territory covers."""

    given_name: str
    family_name: str
    specialty: str
    place: str
    postal_code: str
    fate: Fate
    outcomes: Sequence[str] = ()
    objection: Objection | None = None
    denied_channels: Sequence[str] = ()
    opts_out_later: bool = False
    platform: Literal["mautic", "hubspot"] = "mautic"

    @property
    def is_assigned(self) -> bool:
        """Whether a rep gets this contact as a lead."""
        return self.fate in ("owner", "plan", "turn", "list")

    @property
    def acts(self) -> tuple[str, ...]:
        """What the contact does with the launch, as engagement kinds in the order of time; the last one decides."""
        if self.platform == "hubspot":
            return ("rep_requested",)
        match self.fate:
            case "too_quiet":
                return ("email_opened", "page_viewed")
            case "turn" | "list":
                return ("email_opened", "email_clicked", "page_viewed", "form_submitted")
            case _:
                return ("email_opened", "email_clicked", "form_submitted")


_DOSING_CONCERN = Objection(THEME_TOPIC, "concern", "neutral", "Finds the titration schedule hard to explain.")
_DOSING_CONFUSION = Objection(THEME_TOPIC, "misunderstanding", "positive")
_DOSING_OBSTACLE = Objection(THEME_TOPIC, "inability_to_act", "negative")
_COST = Objection("cost_copay", "concern", "negative")
_ACCESS = Objection("access_formulary", "inability_to_act", "neutral")
_DIZZINESS = Objection(
    "safety_tolerability", "concern", "neutral", "Says that one patient felt dizzy after the second dose.", case="possible"
)
# With the codes of the theme, so that a guard that lets it through shows in every count.
_ADVERSE_EVENT = Objection(THEME_TOPIC, "concern", "negative", "Patient fainted an hour after the first dose.", case="certain")

CAST = (
    Part("Amara", "Osei", "cardiology", "boston", "02115", "owner", ("contacted", "qualified", "meeting_booked"), _DOSING_CONCERN),
    Part("Lucas", "Berg", "cardiology", "boston", "02118", "turn", ("contacted",), _COST),
    Part("Ines", "Duarte", "internal_medicine", "boston", "02210", "turn"),
    Part("Tomas", "Vida", "dermatology", "boston", "02111", "no_fit"),
    Part("Ruth", "Adler", "cardiology", "boston", "02114", "do_not_contact", denied_channels=("any",)),
    Part("Kwame", "Boateng", "cardiology", "detroit", "48201", "owner", ("contacted", "qualified"), _DOSING_CONCERN),
    Part("Freya", "Lind", "cardiology", "detroit", "48226", "turn", ("no_answer",)),
    Part("Omar", "Haddad", "internal_medicine", "detroit", "48207", "turn", ("contacted",), _DOSING_CONFUSION),
    Part("Lena", "Fuchs", "dermatology", "detroit", "48208", "no_fit"),
    Part("Peter", "Novak", "cardiology", "detroit", "48202", "too_quiet"),
    Part("Mei", "Tanaka", "cardiology", "chicago", "60611", "owner", ("qualified", "meeting_booked", "meeting_held"), _DOSING_CONFUSION),
    Part("Victor", "Hale", "cardiology", "chicago", "60201", "turn", ("contacted",), _ADVERSE_EVENT),
    Part("Julia", "Stern", "internal_medicine", "chicago", "60657", "turn", ("left_message",)),
    Part("Arjun", "Mehta", "dermatology", "chicago", "60614", "no_fit"),
    Part("Sven", "Dahl", "cardiology", "chicago", "60622", "turn", opts_out_later=True),
    Part("Sofia", "Marin", "cardiology", "denver", "80204", "owner", ("contacted",), _DOSING_OBSTACLE),
    Part("Noah", "Fischer", "cardiology", "denver", "80218", "turn", ("contacted", "qualified"), _DOSING_CONCERN),
    Part("Hana", "Sato", "internal_medicine", "denver", "80205", "turn", ("contacted",), _ACCESS),
    Part("Paul", "Keller", "dermatology", "denver", "80206", "no_fit"),
    Part("Kai", "Nakamura", "cardiology", "honolulu", "96813", "queue"),
    Part("Luis", "Ortega", "cardiology", "phoenix", "85006", "owner", ("contacted", "qualified", "meeting_booked"), _DOSING_OBSTACLE),
    Part("Emma", "Larsen", "cardiology", "phoenix", "85013", "turn", ("contacted",), _DIZZINESS),
    Part("David", "Cohen", "internal_medicine", "phoenix", "85004", "plan"),
    Part("Nina", "Popov", "dermatology", "phoenix", "85008", "no_fit"),
    Part("Carlos", "Vega", "cardiology", "phoenix", "85016", "turn", denied_channels=("email",)),
    Part("Grace", "Liu", "cardiology", "san-francisco", "94110", "owner", ("contacted",), _COST),
    Part("Mark", "Olsen", "cardiology", "san-francisco", "94114", "turn", ("contacted", "no_need")),
    Part("Priya", "Nair", "internal_medicine", "san-francisco", "96814", "list"),
    Part("Erik", "Holm", "dermatology", "san-francisco", "94107", "no_fit"),
    Part("Leila", "Amiri", "cardiology", "san-francisco", "94115", "turn", ("qualified",), platform="hubspot"),
)
