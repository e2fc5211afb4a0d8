"""Messages to people: their text, the forms of Slack, Teams and e-mail, and the mail server."""
