"""A made-up support organisation, and fake vendors that tell its story over real HTTP.

Nothing here imports the code it tests: the fakes are written from the vendors' public pages.
"""
