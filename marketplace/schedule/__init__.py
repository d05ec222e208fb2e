"""A specialist's time: weekly hours, exceptions, settings, and which starts they offer."""
