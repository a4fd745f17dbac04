"""A contact that is not ours: slixmpp, driven by JSON lines on standard input, telling what it sees on standard output.

Requests: {"id": N, "do": WORD, ...}; each gets one {"event": "answer", "id": N, "ok": true, ...} or, when the peer or
the server refused, {"event": "answer", "id": N, "ok": false, "condition": TEXT}. What it sees comes as events:
{"event": "presence" | "tune" | "personal" | "message" | "receipt" | "marker" | "roster" | "online" | "offline" | "failed", ...}.
"""

import asyncio
import base64
import json
import logging
import ssl
import sys
import xml.etree.ElementTree as ElementTree

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

TUNE = "http://jabber.org/protocol/tune"
MOOD = "http://jabber.org/protocol/mood"
ACTIVITY = "http://jabber.org/protocol/activity"
NICK = "http://jabber.org/protocol/nick"
AVATAR = "urn:xmpp:avatar:metadata"
TUNE_FIELDS = ("artist", "length", "rating", "source", "title", "track", "uri")


def say(event, **fields):
    print(json.dumps({"event": event, **{k: v for k, v in fields.items() if v is not None}}), flush=True)


def read_mood(xml):
    words = [child.tag.split("}")[1] for child in xml]
    return {"value": next((word for word in words if word != "text"), None), "text": xml.findtext(f"{{{MOOD}}}text")}


def read_activity(xml):
    general = next((child for child in xml if not child.tag.endswith("}text")), None)
    tag = lambda element: None if element is None else element.tag.split("}")[1]
    specific = None if general is None else next(iter(general), None)
    return {"general": tag(general), "specific": tag(specific), "text": xml.findtext(f"{{{ACTIVITY}}}text")}


def read_avatar(xml):
    return [dict(info.attrib) for info in xml]


PERSONAL = {
    MOOD: ("mood", read_mood),
    ACTIVITY: ("activity", read_activity),
    NICK: ("nick", lambda xml: xml.text),
    AVATAR: ("avatar", read_avatar),
}


class Contact(slixmpp.ClientXMPP):
    def __init__(self, jid, password, authority):
        super().__init__(jid, password)
        self.ca_certs = authority
        self.auto_reconnect = False
        self.priority = 0
        # A test answers requests itself.
        self.auto_authorize = None
        self.auto_subscribe = False
        for plugin in (30, 60, 84, 92, 107, 108, 115, 118, 163, 172, 184, 199, 280, 297):
            self.register_plugin(f"xep_{plugin:04}")
        self["xep_0184"].auto_request = False
        self["xep_0092"].software_name = "contact"
        self["xep_0092"].version = "1"
        self["xep_0163"].add_interest(TUNE)
        for name, handler in (
            ("session_start", self.on_session),
            ("disconnected", lambda reason: say("offline", reason=str(reason) if reason else None)),
            ("connection_failed", lambda reason: say("failed", reason=str(reason))),
            ("failed_all_auth", lambda stanza: say("failed", reason="auth")),
            ("message", self.on_message),
            ("receipt_received", lambda message: say("receipt", **{"from": str(message["from"]), "id": message["receipt"]})),
        ):
            self.add_event_handler(name, handler)
        for path, handler in (
            ("{jabber:client}presence", self.on_presence),
            ("{jabber:client}message/{http://jabber.org/protocol/pubsub#event}event", self.on_pubsub),
            ("{jabber:client}message/{urn:xmpp:mam:2}result", self.on_archived),
            ("{jabber:client}message/{http://jabber.org/protocol/muc#user}x", self.on_room),
            ("{jabber:client}message/{urn:xmpp:chat-markers:0}displayed", self.on_marker),
        ):
            self.register_handler(Callback(path, MatchXPath(path), handler))

    async def on_session(self, _):
        await self.get_roster()
        self.send_presence(ppriority=self.priority)
        say("online", jid=str(self.boundjid))

    def on_presence(self, stanza):
        if stanza["from"].bare == self.boundjid.bare and stanza["from"].resource == self.boundjid.resource:
            return
        xml = stanza.xml
        text = lambda name: xml.findtext(f"{{jabber:client}}{name}")
        kind = xml.get("type", "available")
        caps = xml.find("{http://jabber.org/protocol/caps}c")
        say(
            "presence",
            **{"from": str(stanza["from"]), "bare": stanza["from"].bare, "resource": stanza["from"].resource},
            type=kind,
            show=text("show") or ("online" if kind == "available" else None),
            status=text("status"),
            priority=int(text("priority") or 0) if kind == "available" else None,
            caps=caps.get("node") if caps is not None else None,
            ver=caps.get("ver") if caps is not None else None,
            codes=[int(status.get("code")) for status in xml.iter("{http://jabber.org/protocol/muc#user}status")] or None,
        )

    def on_message(self, message):
        delay = message.xml.find("{urn:xmpp:delay}delay")
        say(
            "message",
            **{"from": str(message["from"]), "bare": message["from"].bare, "to": str(message["to"])},
            type=message["type"],
            body=message.xml.findtext("{jabber:client}body"),
            subject=message.xml.findtext("{jabber:client}subject"),
            thread=message.xml.findtext("{jabber:client}thread"),
            id=message.xml.get("id"),
            delayed=delay.get("stamp") if delay is not None else None,
            xml=ElementTree.tostring(message.xml, encoding="unicode"),
        )

    def on_room(self, message):
        say("room", **{"from": str(message["from"])}, xml=ElementTree.tostring(message.xml, encoding="unicode"))

    def on_archived(self, message):
        body = next(message.xml.iter("{jabber:client}body"), None)
        say("archived", **{"from": str(message["from"])}, body=body.text if body is not None else None)
    def on_marker(self, message):
        displayed = message.xml.find("{urn:xmpp:chat-markers:0}displayed")
        say("marker", **{"from": str(message["from"]), "id": displayed.get("id")})

    def on_pubsub(self, message):
        sender = {"from": str(message["from"]), "bare": message["from"].bare, "id": message.xml.get("id")}
        for part in message.xml.find("{http://jabber.org/protocol/pubsub#event}event"):
            if part.get("node") in PERSONAL:
                what, read = PERSONAL[part.get("node")]
                for payload in (child for item in part for child in item):
                    say("personal", **sender, what=what, told=read(payload))
            if part.get("node") != TUNE:
                continue
            tunes = [(item.get("id"), item.find(f"{{{TUNE}}}tune")) for item in part]
            if not any(tune is not None for _, tune in tunes):
                say("tune", **sender, tune={}, withdrawn=True)
            for number, tune in tunes:
                if tune is not None:
                    found = {name: tune.findtext(f"{{{TUNE}}}{name}") for name in TUNE_FIELDS}
                    say("tune", **sender, item=number, tune={k: v for k, v in found.items() if v is not None})

    async def do_presence(self, show=None, status=None, priority=None, type=None, to=None):
        show = None if show == "online" else show
        self.send_presence(pshow=show, pstatus=status, ppriority=priority, ptype=type, pto=to)

    async def do_message(self, to, body=None, type="chat", subject=None, id=None, receipt=False):
        message = self.make_message(mto=to, mbody=body, mtype=type, msubject=subject)
        message["id"] = id or self.new_id()
        message["request_receipt"] = receipt
        message.send()
        return {"stanza": message["id"]}

    async def do_ping(self, to, timeout=10):
        await self["xep_0199"].send_ping(to, timeout=timeout)

    async def do_version(self, to, timeout=10):
        answer = await self["xep_0092"].get_version(to, timeout=timeout)
        part = answer["software_version"]
        return {"name": part["name"], "version": part["version"], "os": part["os"] or None}

    async def do_disco(self, to, node=None, timeout=10):
        info = await self["xep_0030"].get_info(jid=to, node=node, timeout=timeout, cached=False)
        info = info["disco_info"]
        identities = [list(identity[:2]) + [identity[3]] for identity in info["identities"]]
        ver = self["xep_0115"].generate_verstring(info, "sha-1")
        return {"features": sorted(info["features"]), "identities": sorted(identities, key=str), "ver": ver}

    async def do_tune(self, **fields):
        await self["xep_0118"].publish_tune(**fields) if fields else await self["xep_0118"].stop()

    async def do_mood(self, value=None, text=None):
        plugin = self["xep_0107"]
        await (plugin.publish_mood(value, text) if value else plugin.stop())

    async def do_activity(self, general=None, specific=None, text=None):
        plugin = self["xep_0108"]
        await (plugin.publish_activity(general, specific, text) if general else plugin.stop())

    async def do_nick(self, nick=None):
        await (self["xep_0172"].publish_nick(nick) if nick else self["xep_0172"].stop())

    async def do_avatar(self, data=None, type=None):
        plugin = self["xep_0084"]
        if data is None:
            return await plugin.stop() and None
        picture = base64.b64decode(data)
        await plugin.publish_avatar(picture)
        number = plugin.generate_id(picture)
        await plugin.publish_avatar_metadata([{"id": number, "type": type, "bytes": len(picture)}])
        return {"number": number}

    async def do_picture(self, of, number):
        answer = await self["xep_0084"].retrieve_avatar(slixmpp.JID(of), number)
        data = answer["pubsub"]["items"]["item"]["avatar_data"]["value"]
        return {"data": base64.b64encode(data).decode()}
    async def do_join(self, room, nick):
        """Enters a room, or makes it; its owner takes it as it is."""
        self.send_raw(f"<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")

    async def do_part(self, room, nick):
        self.send_raw(f"<presence to='{room}/{nick}' type='unavailable'/>")

    async def do_xml(self, xml):
        self.send_raw(xml)

    async def do_iq(self, to, payload, type="get", timeout=10):
        iq = self.make_iq(ito=to, itype=type)
        iq.xml.append(ElementTree.fromstring(payload))
        answer = await iq.send(timeout=timeout)
        return {"xml": ElementTree.tostring(answer.xml, encoding="unicode")}

    async def do_leave(self):
        await self.disconnect(wait=2)

    async def answer(self, request):
        number, word = request.pop("id"), request.pop("do")
        try:
            result = await getattr(self, f"do_{word}")(**request)
            say("answer", id=number, ok=True, **(result or {}))
        except IqError as error:
            say("answer", id=number, ok=False, condition=error.condition, text=error.text or None)
        except IqTimeout:
            say("answer", id=number, ok=False, condition="timeout")


async def main():
    setup = json.loads(sys.argv[1])
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(asctime)s %(message)s")
    password = (await read_line()).rstrip("\n")
    contact = Contact(setup["jid"], json.loads(password), setup["authority"])
    contact.enable_direct_tls = setup["tls"] == "direct"
    contact.enable_starttls = setup["tls"] == "starttls"
    contact.enable_plaintext = False
    contact.priority = setup.get("priority", 0)
    connection = contact.connect(setup["host"], setup["port"])
    tasks = set()
    while line := await read_line():
        task = asyncio.ensure_future(contact.answer(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    del connection
    await asyncio.wait_for(contact.disconnect(wait=1), 3)


READER = None


async def read_line():
    global READER
    if READER is None:
        READER = asyncio.StreamReader(limit=1 << 22)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(READER), sys.stdin)
    return (await READER.readline()).decode()


asyncio.run(main())
