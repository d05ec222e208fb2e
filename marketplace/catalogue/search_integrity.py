"""Whether the index of search says what the services say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from marketplace.catalogue import search_words
from marketplace.catalogue.search_upkeep import ids_after, truth_and_kept
from marketplace.core.database import session, transactional
from marketplace.services.models import Service


def faults() -> Iterator[str]:
    """One sentence for each service whose row in the index is not what its texts say, and for each
    word of a name that no typo is corrected to.
    """
    ids = ids_after(sa.true(), None)
    while ids:
        # Without a lock a change may be seen half; so what seems wrong is looked at again.
        if any(_of(ids)):
            yield from _locked(ids)
        ids = ids_after(sa.true(), ids[-1])


@transactional
def _locked(service_ids: Sequence[int]) -> list[str]:
    services = sa.select(Service.id).where(Service.id.in_(service_ids)).order_by(Service.id)
    staying = list(session().scalars(services.with_for_update(read=True)))
    # Of what a lock was waited for, the index's row is an older one than the names beside it.
    truth_and_kept(staying, lock=True)
    return list(_of(staying))


def _of(service_ids: Sequence[int]) -> Iterator[str]:
    truth, kept = truth_and_kept(service_ids, lock=False)
    for service_id, row in truth.items():
        if row != kept.get(service_id):
            yield f"service {service_id} is not in the search index as it is"
    named = sorted({word for row in truth.values() for word in row.named()})
    for word in sorted(set(named) - search_words.known(named)):
        yield f"the word {word!r} of a service is not among those typos are corrected to"
