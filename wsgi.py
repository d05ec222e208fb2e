"""What a WSGI server serves: `wsgi:app`."""

import sys

from marketplace import create_app
from marketplace.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    sys.exit(str(error))
