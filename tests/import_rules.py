"""The design's "One way" as rules over every import of a package tree."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

FEATURES = (
    *("core", "notifications", "auth", "profile", "services"),
    *("schedule", "bookings", "catalogue", "system"),
)
# Each may use those before it. `factory` is the package itself and `bootstrap`.
AREAS = (
    "environment",
    *(f"settings_{part}" for part in ("delivery", "social", "media", "privacy")),
    *(f"settings_{part}" for part in ("monitoring", "backup")),
    "settings",
    "core",
    "extensions",
    *FEATURES[1:],
    "factory",
    "server",
    "__main__",
)

# Inside a feature, by a file's name; every other name is a rule's.
MAY_USE = {
    "routes": {"schemas", "operations", "queries", "examples", "rules", "models"},
    "commands": {"operations", "queries", "rules", "models"},
    "schemas": {"schemas", "rules", "models"},
    "operations": {"operations", "queries", "rules", "models"},
    "queries": {"queries", "rules", "models"},
    "examples": {"examples", "rules"},
    "rules": {"rules", "models"},
    "models": {"models"},
}
ROLES = {
    "auth.reauthentication": "operations",
    "auth.recovery": "operations",
    "auth.verification": "operations",
    "auth.account_routes": "routes",
    "auth.recovery_routes": "routes",
    "auth.account_schemas": "schemas",
    "auth.social_routes": "routes",
    "auth.social_schemas": "schemas",
    "auth.social_operations": "operations",
    "auth.social_commands": "commands",
    "auth.social_examples": "examples",
    "auth.identities": "operations",
    "auth.identity_queries": "queries",
    "auth.privacy": "operations",
    "auth.privacy_routes": "routes",
    "auth.privacy_schemas": "schemas",
    "auth.privacy_commands": "commands",
    "auth.importing": "operations",
    "auth.import_commands": "commands",
    "notifications.worker": "operations",
    "notifications.parcels": "operations",
    "profile.avatars": "operations",
    "profile.avatar_routes": "routes",
    "auth.administration": "operations",
    "services.administration": "operations",
    "bookings.administration": "operations",
    "bookings.lifecycle": "operations",
    "bookings.slots": "queries",
    "bookings.journal": "operations",
    "bookings.free_time": "operations",
    "bookings.free_time_integrity": "operations",
    "bookings.free_time_jobs": "operations",
    "schedule.free_time": "queries",
    "schedule.free_windows": "queries",
    "schedule.next_slots": "queries",
    "catalogue.availability": "queries",
    "bookings.time_routes": "routes",
    "catalogue.counts": "queries",
    "catalogue.directory": "queries",
    "catalogue.facets": "rules",
    "catalogue.specialist_routes": "routes",
    "catalogue.privacy": "operations",
    "catalogue.search": "queries",
    "catalogue.search_integrity": "operations",
    "catalogue.search_store": "operations",
    "catalogue.search_upkeep": "operations",
    "catalogue.soonest": "queries",
    "catalogue.search_words": "operations",
    "catalogue.suggestions": "queries",
    "catalogue.upcoming": "queries",
    "system.metrics": "queries",
    "system.metrics_routes": "routes",
    "system.readiness": "queries",
    "system.checks": "operations",
    "system.backup.proof": "operations",
    "system.backup.restoring": "operations",
}

PURE = {
    *(
        "core.clock",
        "core.errors",
        "core.messages",
        "core.money",
        "core.problem_texts",
        "core.text",
    ),
    *("auth.code_values", "auth.devices", "auth.identifiers", "auth.password_policy"),
}
PURE_LIBRARIES = {"bcrypt", "email_validator", "phonenumbers", "snowballstemmer", "zxcvbn"}

HTTP_HALF = {
    *("core.api", "core.conditional", "core.json", "core.languages", "core.limits"),
    *(
        "core.logging",
        "core.openapi",
        "core.paging",
        "core.idempotency",
        "core.permissions",
        "core.problems",
    ),
    *(
        "core.media",
        "core.cli",
        "core.error_reports",
        "core.requests",
        "core.unchanged",
        "auth.authentication",
        "auth.tokens",
        "system.openapi",
    ),
    "auth.http",
    # The brand, which no password may be, is the running application's setting.
    "auth.schemas",
}


@dataclass(frozen=True)
class Import:
    """`target` is a dotted name; `at_load` ones run when the module is loaded."""

    target: str
    line: int
    at_load: bool


@dataclass(frozen=True)
class Module:
    """A file of the package; `name` has no `marketplace.` before it, the factory's is empty."""

    name: str
    docstring: str
    imports: list[Import]
    clock_lines: list[int]

    @property
    def area(self) -> str:
        head = self.name.split(".")[0]
        return "factory" if head in ("", "bootstrap") else head

    @property
    def role(self) -> str:
        last = self.name.rsplit(".", 1)[-1]
        return ROLES.get(self.name, last if last in MAY_USE else "rules")

    @property
    def is_pure(self) -> bool:
        return self.name in PURE or "Pure." in self.docstring

    @property
    def is_http(self) -> bool:
        outer = self.area in ("factory", "extensions", "server", "__main__")
        return outer or self.role in ("routes", "commands") or self.name in HTTP_HALF


def read_tree(package: Path) -> dict[str, Module]:
    """The modules of a package named `marketplace`, by name."""
    files = {_name(path, package): path for path in package.rglob("*.py")}
    modules = {}
    for name, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = list(_imports(tree, files, at_load=True))
        clocks = [node.lineno for node in ast.walk(tree) if _asks_the_time(node)]
        modules[name] = Module(name, ast.get_docstring(tree) or "", imports, clocks)
    return modules


def _name(path: Path, package: Path) -> str:
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _asks_the_time(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    )


def _imports(node: ast.AST, files: dict[str, Path], *, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(_own(alias.name), child.lineno, at_load)
        elif isinstance(child, ast.ImportFrom):
            base = "." * child.level + (child.module or "")
            for alias in child.names:
                dotted = _own(f"{base}.{alias.name}")
                is_module = dotted.removeprefix("marketplace.") in files
                yield Import(dotted if is_module else _own(base), child.lineno, at_load)
        else:
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            yield from _imports(child, files, at_load=at_load and not deferred and not typing_only)


def _own(dotted: str) -> str:
    return "marketplace." if dotted == "marketplace" else dotted


def breaches(modules: dict[str, Module]) -> list[str]:
    """Every breach, each as `module:line what is wrong`, and the first import cycle."""
    found = []
    for module in modules.values():
        for one in module.imports:
            faults = _faults(module, one, modules)
            found += [f"{module.name}:{one.line} {fault}" for fault in faults]
        if module.name != "core.clock":
            found += [f"{module.name}:{line} asks the time itself" for line in module.clock_lines]
    return found + _cycle(modules)


def _faults(module: Module, one: Import, modules: dict[str, Module]) -> Iterator[str]:
    if one.target.startswith("."):
        yield "a relative import"
    elif one.target.startswith("marketplace."):
        target = modules.get(one.target.removeprefix("marketplace."))
        if target is not None:
            yield from _faults_inside(module, target, modules)
    else:
        library = one.target.split(".")[0]
        known = library in sys.stdlib_module_names or library in PURE_LIBRARIES
        if module.is_pure and not known:
            yield f"is pure and imports {library}"
        if library.startswith("flask") and not module.is_http:
            yield f"imports {library}, which is for routes, commands, the factory, the HTTP half"


def _faults_inside(module: Module, target: Module, modules: dict[str, Module]) -> Iterator[str]:
    if module.area not in AREAS or target.area not in AREAS:
        yield f"{module.area} or {target.area} is no known part of the house"
    elif AREAS.index(target.area) > AREAS.index(module.area):
        yield f"points back to {target.name}"
    elif {module.area, target.area} <= set(FEATURES[1:]) and target.role not in MAY_USE[
        module.role
    ]:
        yield f"{module.role} may not use {target.name}"
    if module.is_pure and not _is_pure_indeed(target, modules):
        yield f"is pure and imports {target.name}"


def _is_pure_indeed(module: Module, modules: dict[str, Module]) -> bool:
    reached = {module.name}
    waiting = [module]
    while waiting:
        for one in waiting.pop().imports:
            target = modules.get(one.target.removeprefix("marketplace."))
            library = one.target.split(".")[0]
            if target is None and library not in sys.stdlib_module_names | PURE_LIBRARIES:
                return False
            if target is not None and target.name not in reached:
                reached.add(target.name)
                waiting.append(target)
    return True


def _cycle(modules: dict[str, Module]) -> list[str]:
    graph = {
        module.name: {
            one.target.removeprefix("marketplace.") for one in module.imports if one.at_load
        }
        & modules.keys()
        for module in modules.values()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return ["a cycle: " + " ← ".join(error.args[1])]
    return []
