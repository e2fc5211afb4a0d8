"""Front's public npm client (`front-sdk`, by resin.io) reads the fake.

python tests/connectors/front_sdk.py

Run it by hand: it needs node, npm and their registry. Front's client on PyPI needs libraries of
2019. We found no client for Zoho Desk or Medallia.
"""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from tasks.sandbox.fake import Served  # noqa: E402
from tasks.sandbox.vendors.front import Front  # noqa: E402
from tasks.sandbox.world import World  # noqa: E402

CLOCK = datetime(2026, 11, 1, tzinfo=UTC)

READ = """
const { Front } = require('front-sdk');
const front = new Front('front-demo-token');
const all = async (page) => page._pagination && page._pagination.next
  ? page._results.concat(await all(await front.getFromLink(page._pagination.next))) : page._results;
(async () => {
  const teammates = (await front.teammate.list())._results.map(t => t.email);
  const answer = { teammates, conversations: {} };
  for (const id of process.argv.slice(2)) {
    const one = await front.conversation.get({ conversation_id: id });
    const messages = await all(await front.conversation.listMessages({ conversation_id: id }));
    const comments = await all(await front.conversation.listComments({ conversation_id: id }));
    answer.conversations[id] = {
      status: one.status, assignee: one.assignee && one.assignee.email, created: one.created_at,
      messages: messages.map(m => [m.created_at, m.is_inbound]),
      comments: comments.map(c => [c.posted_at, c.author.email]) };
  }
  console.log(JSON.stringify(answer));
})();
"""


def installed(folder: Path, address: str) -> None:
    """The client in a folder of its own, its one address that of the fake."""
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "front-sdk@0.8.2"],
        cwd=folder,
        check=True,
    )
    code = folder / "node_modules" / "front-sdk" / "build" / "index.js"
    code.write_text(code.read_text().replace("https://api2.frontapp.com", address))
    (folder / "read.js").write_text(READ)


def expected(fake: Front) -> dict[str, object]:
    """The same values from the sandbox's own story."""
    email = {a.number: a.email for a in fake.agents()}
    expected_values = {}
    for ticket in (
        t for t in fake.alive() if not fake.is_merged(t)
    ):  # a merged one redirects to the one it went into
        notes, agent = fake.notes(ticket), ticket.value_at("assignee", fake.clock)
        expected_values[f"cnv_{ticket.number:x}"] = {
            "archived": fake.solved_at(ticket) is not None,
            "assignee": email[int(agent)] if agent else None,
            "created": ticket.created_at.timestamp(),
            "messages": sorted(
                (n.at.timestamp(), n.role == "customer") for n in notes if n.is_public
            ),
            "comments": sorted(
                (n.at.timestamp(), email[n.author]) for n in notes if not n.is_public
            ),
        }
    return {"teammates": sorted(email.values()), "conversations": expected_values}


def main() -> None:
    fake = Front(
        World(seed=5, first=date(2026, 10, 1), last=date(2026, 10, 31), daily=6.0), clock=CLOCK
    )
    truth = expected(fake)
    with tempfile.TemporaryDirectory() as place, Served(fake):
        installed(Path(place), fake.base_url)
        made = subprocess.run(
            ["node", "read.js", *truth["conversations"]],
            cwd=place,
            check=True,
            capture_output=True,
            text=True,
        )
    result = json.loads(made.stdout)
    read = {
        "teammates": sorted(result["teammates"]),
        "conversations": {
            name: {
                "archived": one["status"] == "archived",
                "assignee": one["assignee"],
                "created": int(one["created"]),
                "messages": sorted((int(at), inbound) for at, inbound in one["messages"]),
                "comments": sorted((int(at), who) for at, who in one["comments"]),
            }
            for name, one in result["conversations"].items()
        },
    }
    differ = [
        name for name, one in truth["conversations"].items() if read["conversations"][name] != one
    ]
    print(
        f"{len(read['conversations'])} conversations,"
        f" {sum(len(c['messages']) for c in read['conversations'].values())} messages,"
        f" {sum(len(c['comments']) for c in read['conversations'].values())} comments,"
        f" {len(read['teammates'])} teammates; {len(differ)} conversations differ"
    )
    sys.exit(bool(differ) or read["teammates"] != truth["teammates"])


if __name__ == "__main__":
    main()
