"""The extensions, created unbound; the factory binds them.

The limiter keeps its storage in itself, so each application makes its own in `core/limits.py`.
"""

from __future__ import annotations

from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

from marketplace.core.database import Base

db = SQLAlchemy(model_class=Base, disable_autonaming=True)
migrate = Migrate(render_as_batch=True, compare_type=True)
jwt = JWTManager()
cors = CORS()
