"""The tree of categories with everything that is offered in it."""

from __future__ import annotations

from marketplace.system.demo.beauty import BEAUTY
from marketplace.system.demo.cleaning import CLEANING
from marketplace.system.demo.massage import MASSAGE
from marketplace.system.demo.repair import REPAIR
from marketplace.system.demo.tutoring import TUTORING

BRANCHES = (BEAUTY, MASSAGE, CLEANING, TUTORING, REPAIR)
