"""What holds for all tests: how long something takes on a busy machine decides none of them."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
