"""The statements that find what is wrong with the field force and its plans.

Parameters of all: `now`, `day` (its day in UTC), `brand_id` (null: every brand), `territory_ids` (null: every territory, and what belongs
to none), `erased` (the version of whoever was erased), `examples` (how many are shown). Of `LISTED` each row is an example, beside `found`,
how many there are.
"""

from collections.abc import Mapping

from routing.decisions.coverage import FindingCode


def _counts(alias: str) -> str:
    """The condition that a row counts today."""
    return f"coalesce({alias}.valid_from <= %(day)s, true) AND coalesce({alias}.valid_until >= %(day)s, true)"


def _is_active(alias: str) -> str:
    return f"{alias}.active AND {alias}.role = 'rep' AND {_counts(alias)}"


_EVERY_BRAND = "CAST(%(brand_id)s AS text) IS NULL"
_EVERY_TERRITORY = "CAST(%(territory_ids)s AS text[]) IS NULL"
_TARGET_COUNTS = "greatest(t.valid_from, t.cycle_from) <= %(day)s AND least(t.valid_until, t.cycle_until) >= %(day)s"
_KNOWN_CONTACT = "c.version IS NOT NULL AND c.version < %(erased)s"


def _of_territory(column: str) -> str:
    """The condition that a row's territory is one of those asked for."""
    return f"({_EVERY_TERRITORY} OR {column} = ANY(%(territory_ids)s))"


def _of_territories(column: str) -> str:
    """The condition that one of a row's territories is."""
    return f"({_EVERY_TERRITORY} OR {column} && CAST(%(territory_ids)s AS text[]))"


BRANDS = f"""
    SELECT CAST(%(brand_id)s AS text) AS brand_id WHERE NOT {_EVERY_BRAND}
    UNION SELECT brand_id FROM policies WHERE state = 'active' AND {_EVERY_BRAND}
    UNION SELECT unnest(brand_ids) FROM reps WHERE {_EVERY_BRAND}
    UNION SELECT brand_id FROM alignments WHERE brand_id IS NOT NULL AND {_EVERY_BRAND}
"""  # noqa: S608
COUNTRIES = "SELECT DISTINCT country FROM territories"
STAFFED = f"""
    SELECT DISTINCT brand_id, territory_id FROM reps r, unnest(brand_ids) AS brand_id, unnest(territory_ids) AS territory_id
    WHERE {_is_active("r")} AND r.max_open_leads > 0 AND ({_EVERY_BRAND} OR brand_id = %(brand_id)s)
"""  # noqa: S608

# An account lies in the country of its contacts, as far as is known.
# Wherever territories are drawn, contacts with the same postal code lie in the same one, unless an alignment names them or their account.
_LOCATED = f"""
    named AS (
        SELECT 'account' AS kind, jsonb_array_elements_text((include->'account_ids') || (exclude->'account_ids')) AS id FROM alignments
        UNION SELECT 'contact', jsonb_array_elements_text((include->'contact_ids') || (exclude->'contact_ids')) FROM alignments
    ),
    located AS (
        SELECT c.contact_id, c.country, coalesce(nullif(c.postal_code, ''), a.postal_code) AS postal_code, na.id AS named_account_id,
            nc.id AS named_contact_id
        FROM contacts c
        LEFT JOIN accounts a ON a.id = c.primary_account_id AND {_counts("a")}
        LEFT JOIN named na ON na.kind = 'account' AND na.id = a.id
        LEFT JOIN named nc ON nc.kind = 'contact' AND nc.id = c.contact_id
        WHERE {_KNOWN_CONTACT} AND c.merged_into IS NULL
    )
"""  # noqa: S608
LOCALITIES = f"""
    WITH {_LOCATED}
    SELECT country, postal_code, named_account_id, named_contact_id, count(*) AS contacts, 0 AS accounts
    FROM located GROUP BY country, postal_code, named_account_id, named_contact_id
    UNION ALL
    SELECT theirs.country, a.postal_code, na.id, NULL, 0, count(*) FROM accounts a
    LEFT JOIN (
        SELECT primary_account_id, mode() WITHIN GROUP (ORDER BY c.country) AS country FROM contacts c GROUP BY primary_account_id
    ) AS theirs ON theirs.primary_account_id = a.id
    LEFT JOIN named na ON na.kind = 'account' AND na.id = a.id
    WHERE {_counts("a")} GROUP BY theirs.country, a.postal_code, na.id
"""  # noqa: S608
UNOWNED_TARGETS = f"""
    WITH {_LOCATED}
    SELECT t.brand_id, l.country, l.postal_code, named_account_id, named_contact_id, count(*) AS targets, min(t.id) AS target_id
    FROM targets t LEFT JOIN contacts m ON m.contact_id = t.contact_id
    JOIN located l ON l.contact_id = coalesce(m.merged_into, t.contact_id)
    LEFT JOIN reps r ON r.id = t.rep_id AND {_is_active("r")}
    WHERE r.id IS NULL AND {_TARGET_COUNTS} AND ({_EVERY_BRAND} OR t.brand_id = %(brand_id)s)
    GROUP BY t.brand_id, l.country, l.postal_code, named_account_id, named_contact_id
"""  # noqa: S608


def _unknown(row: str, references: str) -> str:
    """Rows that name what isn't known: `references` selects each as (row_id, kind, named), whether known or not."""
    return f"""
        SELECT row_id AS {row}, it.kind, named AS unknown, count(*) OVER () AS found FROM ({references}) AS it
        LEFT JOIN reps r ON it.kind = 'rep' AND r.id = named
        LEFT JOIN territories t ON it.kind = 'territory' AND t.id = named
        LEFT JOIN accounts a ON it.kind = 'account' AND a.id = named
        LEFT JOIN contacts c ON it.kind = 'contact' AND c.contact_id = named AND {_KNOWN_CONTACT}
        WHERE named IS NOT NULL AND coalesce(r.id, t.id, a.id, c.contact_id) IS NULL
        ORDER BY row_id, it.kind, named LIMIT %(examples)s
    """  # noqa: S608


_OF_BRAND = f"({_EVERY_BRAND} OR brand_id = %(brand_id)s)"
_OF_BRAND_OR_ALL = f"({_EVERY_BRAND} OR brand_id IS NULL OR brand_id = %(brand_id)s)"
_NOT_OVER = "coalesce(valid_until >= %(day)s, true)"

# A postal code as codes are compared (`decisions/assignment/territories.py`).
_COMPACT = "upper(regexp_replace(code, '[[:space:]-]', '', 'g'))"
_COMPARED = f"CASE WHEN country = 'US' AND code NOT LIKE '%%*' THEN left({_COMPACT}, 5) ELSE {_COMPACT} END"


def _named_by(extent: str) -> str:
    """The things an alignment includes or excludes, as (id, kind, thing)."""
    return f"""
        SELECT id, 'postal_code' AS kind, country || ' ' || {_COMPARED} AS thing
        FROM counting, jsonb_array_elements_text({extent}->'postal_codes') AS code
        UNION SELECT id, 'account', jsonb_array_elements_text({extent}->'account_ids') FROM counting
        UNION SELECT id, 'contact', jsonb_array_elements_text({extent}->'contact_ids') FROM counting
    """  # noqa: S608


# One for a brand, or a team, stands before one for all: only of alike ones nobody meant one to stand.
_OVERLAPS = f"""
    WITH counting AS (
        SELECT alignments.*, country FROM alignments LEFT JOIN territories ON territories.id = territory_id
        WHERE {_NOT_OVER} AND {_OF_BRAND_OR_ALL}
    ),
    contested AS (
        SELECT kind, thing, array_agg(id) AS ids
        FROM ({_named_by("include")} EXCEPT ({_named_by("exclude")})) AS included JOIN counting USING (id) WHERE thing IS NOT NULL
        GROUP BY kind, thing, priority, brand_id, team HAVING count(DISTINCT territory_id) > 1
    )
    SELECT a.id AS alignment_id, b.id AS other_alignment_id, count(*) AS things, min(kind || ' ' || thing) AS example,
        count(*) OVER () AS found
    FROM contested CROSS JOIN unnest(ids) AS one CROSS JOIN unnest(ids) AS other
    JOIN counting a ON a.id = one JOIN counting b ON b.id = other
    WHERE one < other AND a.territory_id <> b.territory_id AND ({_of_territory("a.territory_id")} OR {_of_territory("b.territory_id")})
        AND coalesce(a.valid_from <= b.valid_until, true) AND coalesce(b.valid_from <= a.valid_until, true)
    GROUP BY a.id, b.id ORDER BY things DESC, a.id, b.id LIMIT %(examples)s
"""  # noqa: S608
# Alignments for the brand stand before a territory's own postal codes.
_CLAIMED_TWICE = f"""
    SELECT country, min(code) AS postal_code, array_agg(DISTINCT t.id) AS territory_ids, count(*) OVER () AS found
    FROM territories t, unnest(postal_codes) AS code
    WHERE NOT EXISTS (SELECT FROM alignments al WHERE al.territory_id = t.id AND {_counts("al")} AND {_OF_BRAND_OR_ALL})
    GROUP BY country, {_COMPARED} HAVING count(DISTINCT t.id) > 1 AND {_of_territories("array_agg(t.id)")}
    ORDER BY country, min(code) LIMIT %(examples)s
"""  # noqa: S608
_TERRITORIES_WITHOUT_REP = f"""
    WITH brands AS ({BRANDS}), staffed AS ({STAFFED})
    SELECT t.id AS territory_id, brands.brand_id, count(*) OVER () AS found
    FROM territories t CROSS JOIN brands LEFT JOIN staffed ON staffed.territory_id = t.id AND staffed.brand_id = brands.brand_id
    WHERE staffed.brand_id IS NULL AND {_of_territory("t.id")} AND (t.postal_codes <> '{{}}' OR EXISTS (
        SELECT FROM alignments al
        WHERE al.territory_id = t.id AND {_counts("al")} AND (al.brand_id IS NULL OR al.brand_id = brands.brand_id)
    ))
    ORDER BY t.id, brands.brand_id LIMIT %(examples)s
"""  # noqa: S608
_POOLS_WITHOUT_REP = f"""
    SELECT p.id AS pool_id, brand_id, count(*) OVER () AS found FROM pools p
    WHERE {_OF_BRAND} AND NOT EXISTS (
        SELECT FROM reps r WHERE r.id = ANY(p.rep_ids) AND p.brand_id = ANY(r.brand_ids) AND {_is_active("r")} AND r.max_open_leads > 0
    )
    ORDER BY p.id LIMIT %(examples)s
"""  # noqa: S608
_AWAY = f"""
    SELECT ab.id AS absence_id, ab.rep_id, ab.delegate_rep_id, ab.starts_at <= %(now)s AS has_begun FROM absences ab
    JOIN reps r ON r.id = ab.rep_id AND {_is_active("r")} AND ({_EVERY_BRAND} OR %(brand_id)s = ANY(r.brand_ids))
    WHERE ab.ends_at > %(now)s AND {_of_territories("r.territory_ids")}
"""  # noqa: S608
_WITHOUT_DELEGATE = f"""
    SELECT absence_id, rep_id, count(*) OVER () AS found FROM ({_AWAY}) AS away
    WHERE has_begun AND delegate_rep_id IS NULL ORDER BY absence_id LIMIT %(examples)s
"""  # noqa: S608
_INACTIVE_DELEGATES = f"""
    SELECT absence_id, rep_id, delegate_rep_id, count(*) OVER () AS found
    FROM ({_AWAY}) AS away JOIN reps d ON d.id = delegate_rep_id
    WHERE NOT ({_is_active("d")}) ORDER BY absence_id LIMIT %(examples)s
"""  # noqa: S608
_AWAY_DELEGATES = f"""
    SELECT absence_id, away.rep_id, away.delegate_rep_id, count(*) OVER () AS found FROM ({_AWAY}) AS away
    WHERE has_begun AND EXISTS (
        SELECT FROM absences theirs WHERE theirs.rep_id = away.delegate_rep_id AND theirs.starts_at <= %(now)s AND theirs.ends_at > %(now)s
    )
    ORDER BY absence_id LIMIT %(examples)s
"""  # noqa: S608

_CURRENT_REP = f"""
    active AND {_NOT_OVER} AND ({_EVERY_BRAND} OR %(brand_id)s = ANY(brand_ids)) AND {_of_territories("territory_ids")}
"""
_CURRENT_ABSENCE = f"""
    ends_at > %(now)s AND ({_EVERY_TERRITORY} OR rep_id IN (SELECT id FROM reps WHERE {_of_territories("territory_ids")}))
"""  # noqa: S608
_CURRENT_ALIGNMENT = f"{_NOT_OVER} AND {_OF_BRAND_OR_ALL} AND {_of_territory('territory_id')}"

LISTED: Mapping[FindingCode, str] = {
    "territories_without_rep": _TERRITORIES_WITHOUT_REP,
    "alignments_overlap": _OVERLAPS,
    "postal_codes_claimed_twice": _CLAIMED_TWICE,
    "pools_without_rep": _POOLS_WITHOUT_REP,
    "absences_without_delegate": _WITHOUT_DELEGATE,
    "delegates_inactive": _INACTIVE_DELEGATES,
    "delegates_away": _AWAY_DELEGATES,
    "accounts_name_unknown": _unknown(
        "account_id",
        f"""
        SELECT id AS row_id, 'rep' AS kind, owner_rep_id AS named FROM accounts WHERE {_NOT_OVER}
        UNION ALL SELECT id, 'rep', unnest(named_rep_ids) FROM accounts WHERE {_NOT_OVER}
        """,  # noqa: S608
    ),
    "reps_name_unknown": _unknown(
        "rep_id",
        f"""
        SELECT id AS row_id, 'territory' AS kind, unnest(territory_ids) AS named FROM reps WHERE {_CURRENT_REP}
        UNION ALL SELECT id, 'rep', manager_id FROM reps WHERE {_CURRENT_REP}
        """,  # noqa: S608
    ),
    "absences_name_unknown": _unknown(
        "absence_id",
        f"""
        SELECT id AS row_id, 'rep' AS kind, rep_id AS named FROM absences WHERE {_CURRENT_ABSENCE}
        UNION ALL SELECT id, 'rep', delegate_rep_id FROM absences WHERE {_CURRENT_ABSENCE}
        """,  # noqa: S608
    ),
    "targets_name_unknown": _unknown(
        "target_id",
        f"""
        SELECT id AS row_id, 'contact' AS kind, contact_id AS named FROM targets
        WHERE least(valid_until, cycle_until) >= %(day)s AND {_OF_BRAND}
        UNION ALL SELECT id, 'rep', rep_id FROM targets WHERE least(valid_until, cycle_until) >= %(day)s AND {_OF_BRAND}
        """,  # noqa: S608
    ),
    "alignments_name_unknown": _unknown(
        "alignment_id",
        f"""
        SELECT id AS row_id, 'territory' AS kind, territory_id AS named FROM alignments WHERE {_CURRENT_ALIGNMENT}
        UNION ALL SELECT id, 'account', jsonb_array_elements_text((include->'account_ids') || (exclude->'account_ids'))
        FROM alignments WHERE {_CURRENT_ALIGNMENT}
        UNION ALL SELECT id, 'contact', jsonb_array_elements_text((include->'contact_ids') || (exclude->'contact_ids'))
        FROM alignments WHERE {_CURRENT_ALIGNMENT}
        """,  # noqa: S608
    ),
    "pools_name_unknown": _unknown(
        "pool_id",
        f"SELECT id AS row_id, 'rep' AS kind, unnest(rep_ids) AS named FROM pools WHERE {_OF_BRAND}",  # noqa: S608
    ),
}
"""By finding, what there is of it, worst or first ones first."""
