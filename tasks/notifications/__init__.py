"""Messages to people: the words, and how Slack, Teams and e-mail want them.

Nothing here sends anything.
"""
