"""Juliet's eyes in ./demo: a client that is not ours (slixmpp, 1.8 or later) writes down what reaches her of romeo.

Usage: juliet.py JID PASSWORD HOST PORT AUTHORITY. Each line on standard output is a JSON object: "event" is ready,
presence, tune or message, its other keys are what was in the stanza, and "seen" says it for people.
"""

import asyncio
import inspect
import json
import sys

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

EVENT = "{http://jabber.org/protocol/pubsub#event}"
TUNE = "http://jabber.org/protocol/tune"
WORDS = {"chat": "free for chat", "dnd": "do not disturb", "xa": "away for long"}


def tell(event, seen, **fields):
    fields = {key: value for key, value in fields.items() if value is not None}
    print(json.dumps({"event": event, "seen": seen, **fields}, ensure_ascii=False), flush=True)


class Juliet(slixmpp.ClientXMPP):
    def __init__(self, jid, password, authority):
        super().__init__(jid, password)
        self.ca_certs = authority
        self.register_plugin("xep_0115")
        self.register_plugin("xep_0163")
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("message", self.on_message)
        for path, handler in (
            ("{jabber:client}presence", self.on_presence),
            (f"{{jabber:client}}message/{EVENT}event", self.on_event),
        ):
            self.register_handler(Callback(path, MatchXPath(path), handler))

    async def on_start(self, _):
        await self.get_roster()
        # Not before: capabilities belong to the full address, which is known from here on.
        self["xep_0163"].add_interest(TUNE)
        await self["xep_0115"].update_caps(broadcast=False)
        self.send_presence()
        tell("ready", "juliet is here")

    def on_presence(self, stanza):
        if stanza["from"].bare == self.boundjid.bare:
            return
        text = stanza.xml.findtext("{jabber:client}status")
        show = stanza.xml.findtext("{jabber:client}show") or "online"
        if stanza.xml.get("type") == "unavailable":
            show = "offline"
        seen = WORDS.get(show, show) + (f": {text}" if text else "")
        tell("presence", seen, show=show, status=text)

    def on_event(self, message):
        items = message.xml.find(f"{EVENT}event/{EVENT}items[@node='{TUNE}']")
        if items is None:
            return
        fields = {part.tag.split("}")[1]: part.text for part in items.findall(f".//{{{TUNE}}}tune/*")}
        heard = " – ".join(fields[name] for name in ("artist", "title") if name in fields)
        tell("tune", f"listens to {heard}" if heard else "listens to nothing", **fields)

    def on_message(self, message):
        body = message.xml.findtext("{jabber:client}body")
        if body is not None:
            tell("message", f"says: {body}", body=body)


async def main():
    jid, password, host, port, authority = sys.argv[1:]
    juliet = Juliet(jid, password, authority)
    # slixmpp 1.9 turned the address, a pair before, into two arguments.
    pair = "address" in inspect.signature(juliet.connect).parameters
    juliet.connect((host, int(port))) if pair else juliet.connect(host, int(port))
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
