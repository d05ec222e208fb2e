"""Whether the index of search says what the services say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from marketplace.catalogue import search_words
from marketplace.catalogue.search_upkeep import (
    ids_after,
    kept_of,
    named_in,
    truth_of,
)
from marketplace.core.database import session, transactional
from marketplace.services.models import Service


def faults() -> Iterator[str]:
    """One sentence for each service whose row in the index is not what its texts say, and for each
    word of a name that no typo is corrected to.
    """
    ids = ids_after(sa.true(), None)
    while ids:
        # Without a lock a change may be seen half; so what seems wrong is looked at again.
        if any(_of(ids, lock=False)):
            yield from _locked(ids)
        ids = ids_after(sa.true(), ids[-1])


@transactional
def _locked(service_ids: Sequence[int]) -> list[str]:
    services = sa.select(Service.id).where(Service.id.in_(service_ids)).order_by(Service.id)
    return list(_of(list(session().scalars(services.with_for_update(read=True))), lock=True))


def _of(service_ids: Sequence[int], *, lock: bool) -> Iterator[str]:
    truth, kept = truth_of(service_ids, lock=lock), kept_of(service_ids)
    for service_id, row in truth.items():
        if row != kept.get(service_id):
            yield f"service {service_id} is not in the search index as it is"
    named = sorted({word for row in truth.values() for word in named_in(row)})
    for word in sorted(set(named) - search_words.known(named)):
        yield f"the word {word!r} of a service is not among those typos are corrected to"
