"""The documentation site: pages by hand, and the reference that is made from code and yml."""
