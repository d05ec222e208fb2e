"""The marketplace's backend: the application factory."""

from __future__ import annotations

from functools import partial

from flask import Flask

from marketplace import bootstrap
from marketplace.auth import (
    account_routes,
    authentication,
    code_filling,
    codes,
    identities,
    import_commands,
    importing,
    passwords,
    privacy_commands,
    privacy_routes,
    recovery_routes,
    retention,
    social_routes,
    tokens,
)
from marketplace.auth import commands as auth_commands
from marketplace.auth import operations as accounts
from marketplace.auth import parts as account_parts
from marketplace.auth import routes as auth_routes
from marketplace.auth import sessions as auth_sessions
from marketplace.auth import social_commands as social_sign_in_commands
from marketplace.auth.social_providers import Providers
from marketplace.bookings import commands as bookings_commands
from marketplace.bookings import free_time, time_routes
from marketplace.bookings import lifecycle as booking_lives
from marketplace.bookings import privacy as bookings_privacy
from marketplace.bookings import queries as bookings
from marketplace.bookings import routes as bookings_routes
from marketplace.catalogue import commands as catalogue_commands
from marketplace.catalogue import privacy as catalogue_privacy
from marketplace.catalogue import routes as catalogue_routes
from marketplace.catalogue import search_upkeep, specialist_routes
from marketplace.core import error_reports, limits, logging, media, problems, requests, unchanged
from marketplace.core.deadlines import Room
from marketplace.extensions import cors, db, jwt, migrate
from marketplace.notifications import commands as notifications_commands
from marketplace.notifications import operations as push_devices
from marketplace.notifications import queries as notifications
from marketplace.notifications import routes as notifications_routes
from marketplace.profile import avatar_routes, avatars
from marketplace.profile import importing as profile_importing
from marketplace.profile import operations as profiles
from marketplace.profile import privacy as profile_privacy
from marketplace.profile import queries as profile_queries
from marketplace.profile import routes as profile_routes
from marketplace.schedule import commands as schedule_commands
from marketplace.schedule import importing as schedule_importing
from marketplace.schedule import operations as schedules
from marketplace.schedule import privacy as schedule_privacy
from marketplace.schedule import routes as schedule_routes
from marketplace.services import commands as services_commands
from marketplace.services import operations as services
from marketplace.services import parts as service_parts
from marketplace.services import privacy as services_privacy
from marketplace.services import routes as services_routes
from marketplace.settings import Settings
from marketplace.settings_social import PROVIDERS
from marketplace.system import commands as system_commands
from marketplace.system import metrics_routes, openapi
from marketplace.system import routes as system_routes
from marketplace.system.backup import commands as backup_commands
from marketplace.system.demo import commands as demo_commands


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. Without settings the environment is read (raises `SettingsError`)."""
    settings = settings or Settings.from_environment()
    app = bootstrap.new_app(settings)

    bootstrap.bind_database(app, db, migrate)
    tokens.configure(app, settings, jwt)
    limits.configure(app, settings)
    bootstrap.configure_cors(app, settings, cors)
    passwords.share_cores(settings.processes)
    logging.configure(app, settings)
    error_reports.configure(settings)
    room = Room(settings.threads)
    media.configure(app, settings, room)
    unchanged.configure(app)
    requests.install(app, authentication.authenticate)

    _hand_forward()
    app.extensions["marketplace_on_database"] = partial(
        bootstrap.on_database, settings, db, migrate
    )
    app.extensions["marketplace_social"] = Providers(settings.social, room)

    api = openapi.new_api(app)
    offered = settings.social.offered
    for blueprint in (
        auth_routes.blp,
        *(social_routes.SIGN_IN[provider] for provider in PROVIDERS if provider in offered),
        account_routes.blp,
        social_routes.blp,
        *(social_routes.LINK[provider] for provider in PROVIDERS if provider in offered),
        recovery_routes.blp,
        privacy_routes.blp,
        notifications_routes.blp,
        profile_routes.blp,
        avatar_routes.blp,
        services_routes.blp,
        schedule_routes.blp,
        time_routes.blp_agenda,
        time_routes.blp_slots,
        time_routes.blp_holds,
        bookings_routes.blp,
        catalogue_routes.blp,
        specialist_routes.blp,
        system_routes.blp_health,
    ):
        api.register_blueprint(blueprint)
    app.register_blueprint(avatar_routes.blp_media)
    app.register_blueprint(system_routes.blp_docs)
    app.register_blueprint(metrics_routes.blp)
    for provider in PROVIDERS:
        if provider not in offered:  # there to say so, and in no document
            app.register_blueprint(social_routes.SIGN_IN[provider])
            app.register_blueprint(social_routes.LINK[provider])
    problems.install(app)
    requests.refuse_undeclared(app)
    bootstrap.watch(app, settings)

    for command in (*privacy_commands.OF_USERS, import_commands.import_users):
        auth_commands.users.add_command(command)
    for group in (
        *auth_commands.GROUPS,
        *privacy_commands.GROUPS,
        *social_sign_in_commands.GROUPS,
        *services_commands.GROUPS,
        *notifications_commands.GROUPS,
        *schedule_commands.GROUPS,
        *bookings_commands.GROUPS,
        *catalogue_commands.GROUPS,
        *system_commands.GROUPS,
        system_commands.doctor,
        demo_commands.demo,
        backup_commands.backup,
    ):
        app.cli.add_command(group)
    return app


def _hand_forward() -> None:
    """What points back to an earlier feature (docs/architecture.md, "One way")."""
    accounts.on_created(profiles.create_profile)
    accounts.on_created(schedules.create_schedule)
    accounts.on_block(services.mark_owner_blocked)
    accounts.on_block(booking_lives.cancel_all_of)
    # Before the profile forgets which files they are.
    account_parts.on_erase(avatars.erase)
    account_parts.on_export(avatars.exported)
    for part in (profile_privacy, services_privacy, schedule_privacy, bookings_privacy):
        account_parts.on_export(part.exported)
        account_parts.on_erase(part.forget)
    # After the texts it is made of are gone.
    account_parts.on_erase(catalogue_privacy.forget)
    service_parts.on_services(search_upkeep.services_changed)
    service_parts.on_deleted(search_upkeep.services_deleted)
    service_parts.on_categories(search_upkeep.categories_changed)
    profiles.on_named(search_upkeep.specialist_changed)
    importing.on_import(profile_importing.store, profile_importing.FIELDS)
    importing.on_import(schedule_importing.store)
    schedules.on_coming(bookings.coming_bookings)
    push_devices.on_device(auth_sessions.require_signed_in)
    schedules.on_changed(free_time.changed_time)
    profiles.on_zone(free_time.changed_zone)
    notifications.on_read(profile_queries.readers)
    for purpose in codes.Purpose:
        notifications.on_fill(purpose.kind, code_filling.fill)
    retention.on_sweep("avatar files", avatars.sweep)

    account_parts.on_name(profiles.name_profile)
    account_parts.on_export(identities.export)
    account_parts.on_erase(identities.forget)
