//! The account that a transcript plays with, and what its words hand in. Settings and what they are without a word:
//!
//! ```text
//! set jid romeo@verona.example    set resource xmppd.1    set server HOST:PORT (none)
//! set pep yes|no (yes)    set tune-status TEMPLATE (none)    set tune-out yes|no (no)
//! set rooms yes|no (no)    rooms are entered as bookmarks say
//! set room JID [autojoin] [nick NICK] [border ID|time]    a room that is remembered
//! set border ID|none       how far the archive is known (not at all)
//! set outbox yes           how many messages wait is told: ! outbox N
//! set unread yes           how many messages nobody has read is told: ! unread JID N
//! set receipts yes         contacts who ask are told what has arrived and what was read
//! set history yes          messages are kept: they are told with what else the disk is to know, files "BODY"
//! set roster VER [JID …]   the roster on the disk: contacts of both kinds of subscription
//! set request JID          who asked to see us before
//! set show SHOW [TEXT] [priority N] [idle SHOW [MILLIS]] [to JID SHOW [TEXT]] …
//! set taken ID JID STANZA  a message that the server took from another process
//! set session PREVID [at HOST:PORT] [client-state] [pre-approval] [hidden]        a session of another process's, of which 2 stanzas are handled
//! set split no            its input is not cut byte by byte: it shows what happens when pieces arrive together
//! set cut all|no          the connection is cut at every byte, or nowhere, not behind every tag of its own
//! ```

use jid::{BareJid, FullJid, Jid, ResourcePart};
use xmppd_core::account::{
    Account, Aside, Border, Command, Connected, Correcting, KeptAside, KeptMessage, KeptRoom, KeptRoster, KeptSession,
    Machine, Memory, MessageSettings, OnUncertain, Origin, Outgoing, Place, Playing, Question, RoomCommand, Security,
    Settings, Subscribing, SubscriptionRequest, Ticket, TuneSettings,
};
use xmppd_core::loss::Loss;
use xmppd_core::pep::{Personal, Publication};
use xmppd_core::players::Pattern;
use xmppd_core::presence::{Directed, Idle, Layers, Presence, StatusWhen};
use xmppd_core::sasl::TlsVersion;
use xmppd_core::srv::{self, TlsPolicy};
use xmppd_core::stanza::activity::Activity;
use xmppd_core::stanza::mood::Mood;
use xmppd_core::stanza::roster::{Item, Subscription};
use xmppd_core::stanza::{MessageKind, ping};
use xmppd_core::time::Wall;
use xmppd_core::tune::Track;

use super::script::{self, Script};

/// The account as the transcript sets it.
pub(crate) fn account(script: &Script) -> Account {
    let mut settings = Settings {
        jid: BareJid::new("romeo@verona.example").expect("a JID"),
        resource: ResourcePart::new("xmppd.1").expect("a resource").into_owned(),
        server: None,
        tls: TlsPolicy::Auto,
        tune: TuneSettings { pep: true, status: None, status_when: StatusWhen::Empty },
        rooms: false,
        messages: MessageSettings::default(),
        encrypted_only: Vec::new(),
        on_uncertain: OnUncertain::Resend,
        held: 1_000,
        user_agent: "6f3c1d1e-2f0a-4f0b-9a86-0d5b6a1c7e42".into(),
        version: "0.1.0".into(),
    };
    let mut memory = Memory::new(layers(&["online".into()]).expect("a show"));
    for (key, value) in &script.settings {
        match key.as_str() {
            "jid" => settings.jid = BareJid::new(value).expect("a JID"),
            "resource" => settings.resource = ResourcePart::new(value).expect("a resource").into_owned(),
            "server" => {
                let (host, port) = value.rsplit_once(':').expect("HOST:PORT");
                settings.server = Some((host.into(), port.parse().expect("a port")));
            }
            "rooms" => settings.rooms = value == "yes",
            "room" => memory.rooms.push(room(value)),
            "pep" => settings.tune.pep = value == "yes",
            "on-uncertain" if value == "hold" => settings.on_uncertain = OnUncertain::Hold,
            "tune-status" => settings.tune.status = Some(value.parse().expect("a template")),
            "receipts" => settings.messages.receipts = value == "yes",
            "history" => settings.messages.history = value == "yes",
            "border" => {
                let id = (value != "none").then(|| value.clone());
                memory.border = Some(Border { id, at: Wall::from_unix_millis(1_000) });
            }
            "tune-out" => memory.tune_out = value == "yes",
            "show" => memory.layers = layers(&script::words(value)).expect("a show"),
            "session" => memory.session = Some(session(value)),
            "roster" => memory.roster = Some(roster(value)),
            "request" => {
                let from = BareJid::new(value).expect("a JID");
                memory.requests.push(SubscriptionRequest { from, status: None, at: Wall::from_unix_millis(1_000) });
            }
            "returned" => {
                let message = KeptMessage { tried: false, returned: 1, ..taken(&script::words(value)) };
                memory.messages.push(message);
            }
            "taken" => memory.taken.push(taken(&script::words(value))),
            "split" | "cut" | "outbox" | "unread" => {}
            other => panic!("no such setting: {other}"),
        }
    }
    Account::new(settings, memory, [7; 32])
}

/// A version and contacts that see us and whom we see.
fn roster(text: &str) -> KeptRoster {
    let mut words = text.split(' ');
    let ver = words.next().expect("a version").to_owned();
    let contact = |jid| Item { subscription: Subscription::Both, ..Item::new(BareJid::new(jid).expect("a JID")) };
    KeptRoster { ver, items: words.map(contact).collect() }
}

/// `JID [autojoin] [nick NICK] [border ID]`
fn room(text: &str) -> KeptRoom {
    let mut words = text.split(' ');
    let jid = BareJid::new(words.next().expect("a room")).expect("a JID");
    let mut room = KeptRoom { jid, name: None, nick: None, autojoin: false, bookmarked: true, border: None };
    while let Some(word) = words.next() {
        match word {
            "autojoin" => room.autojoin = true,
            "nick" => room.nick = words.next().map(str::to_owned),
            "border" => {
                let id = words.next().map(str::to_owned);
                room.border = Some(Border { id, at: Wall::from_unix_millis(1_000) });
            }
            "time" => room.border = Some(Border { id: None, at: Wall::from_unix_millis(1_000) }),
            other => panic!("no such thing of a room: {other}"),
        }
    }
    room
}

fn session(text: &str) -> KeptSession {
    let mut words = text.split(' ');
    let previd = words.next().expect("what it is resumed by").to_owned();
    let mut kept = KeptSession {
        jid: FullJid::new("romeo@verona.example/xmppd.1").expect("a JID"),
        previd,
        max: None,
        location: None,
        client_state: false,
        pre_approval: false,
        hidden: false,
        handled: 2,
        at: Wall::from_unix_millis(1_790_000_000_000),
    };
    while let Some(word) = words.next() {
        match word {
            "at" => kept.location = words.next().and_then(srv::place),
            "client-state" => kept.client_state = true,
            "pre-approval" => kept.pre_approval = true,
            "hidden" => kept.hidden = true,
            other => panic!("no such thing of a session: {other}"),
        }
    }
    kept
}

/// Whether the input may be cut anywhere.
pub(crate) fn splits(script: &Script) -> bool {
    !script.settings.contains(&("split".into(), "no".into()))
}

/// Whether the number of messages that wait is to be told.
pub(crate) fn tells_outbox(script: &Script) -> bool {
    script.settings.contains(&("outbox".into(), "yes".into()))
}

/// Whether what nobody has read is to be told.
pub(crate) fn tells_unread(script: &Script) -> bool {
    script.settings.contains(&("unread".into(), "yes".into()))
}

/// A command, and whether it is answered.
pub(crate) fn command(words: &[String], ticket: Ticket) -> Option<(Command, bool)> {
    let (verb, rest) = words.split_first()?;
    let command = match (verb.as_str(), rest) {
        ("status", rest) => Command::Layers(ticket, layers(rest)?),
        ("tune", [none]) if none == "none" => Command::Tune(None),
        ("tune", [artist, title]) => {
            let track = Track { artist: Some(artist.clone()), title: Some(title.clone()), ..Track::default() };
            Command::Tune(Some(Playing { track, player: None }))
        }
        ("publish", carriers) => {
            let has = |carrier: &str| carriers.iter().any(|word| word == carrier);
            let status = has("status").then(|| "♪ {title}".parse().expect("a template"));
            Command::TuneSettings(ticket, TuneSettings { pep: has("pep"), status, status_when: StatusWhen::Empty })
        }
        ("send", [to, body, how @ ..]) => Command::Send(ticket, sent_as(outgoing(to, body)?, how)?),
        ("correct", [first, to, body, place @ ..]) => {
            let option = |wanted| place.iter().skip_while(|word| *word != wanted).nth(1).cloned();
            let correcting = Some(Correcting { first: first.clone(), behind: option("behind") });
            Command::Send(ticket, Outgoing { correcting, id: option("id"), ..outgoing(to, body)? })
        }
        ("ask", [to, what]) if what == "ping" => {
            let to = if to == "account" { None } else { Some(Jid::new(to).ok()?) };
            Command::Ask(ticket, Question { to, set: false, payload: ping::request() })
        }
        ("tell", [what, words @ ..]) => Command::Publish(ticket, publication(&told(what, words)?)),
        ("subscribe", [to]) => Command::Subscribe(ticket, BareJid::new(to).ok()?, Subscribing::Subscribe),
        ("unsubscribe", [to]) => Command::Subscribe(ticket, BareJid::new(to).ok()?, Subscribing::Unsubscribe),
        ("approve", [to]) => Command::Subscribe(ticket, BareJid::new(to).ok()?, Subscribing::Approve),
        ("join" | "part" | "occupants" | "invite", [room, rest @ ..]) => {
            Command::Room(ticket, BareJid::new(room).ok()?, of_room(verb, rest)?)
        }
        ("deny", [to]) => Command::Subscribe(ticket, BareJid::new(to).ok()?, Subscribing::Deny),
        ("watched", [word]) => Command::Watched(word == "yes"),
        ("can-hide", []) => Command::CanHide(ticket),
        ("read", []) => Command::Read(ticket, None),
        ("read", [chat]) => Command::Read(ticket, Some(BareJid::new(chat).ok()?)),
        ("on-uncertain", [what]) => {
            let what = if what == "hold" { OnUncertain::Hold } else { OnUncertain::Resend };
            Command::OnUncertain(ticket, what)
        }
        ("retry", [id, to, stanza]) => {
            let origin = Origin { at: Wall::from_unix_millis(1_790_000_000_000), after: None };
            let (id, to, stanza) = (id.clone(), Jid::new(to).ok()?, stanza.clone());
            let (position, tried, chosen) = (None, true, None);
            let message = KeptMessage { id, to, position, tried, chosen, returned: 0, replaces: None, stanza, origin };
            Command::Retry(ticket, KeptAside { message, aside: Aside::Uncertain, reason: "nobody knows".into() })
        }
        ("cancel", [id]) => Command::Cancel(ticket, id.clone(), Place::Memory),
        ("catch-up", []) => Command::CatchUp(ticket),
        ("connect", []) => Command::Connect(ticket),
        ("disconnect", []) => Command::Disconnect(ticket),
        ("suspend", []) => Command::Suspend(ticket),
        ("leave", []) => Command::Leave(ticket),
        _ => return None,
    };
    let answered = !matches!(command, Command::Tune(_) | Command::Watched(_));
    Some((command, answered))
}

/// What is asked about a room.
fn of_room(verb: &str, rest: &[String]) -> Option<RoomCommand> {
    Some(match verb {
        "join" => {
            let nick = rest.first().map(|nick| ResourcePart::new(nick).expect("a nickname").into_owned());
            RoomCommand::Join(nick, None)
        }
        "part" => RoomCommand::Leave { forget: rest.first().is_some_and(|word| word == "forget") },
        "invite" => RoomCommand::Invite(Jid::new(rest.first()?).ok()?, Some("Come".into())),
        _ => RoomCommand::Occupants,
    })
}

/// What is told of oneself: `tell mood VALUE [TEXT]`, `tell activity GENERAL`, `tell nick NAME`, and nothing without a value.
fn told(what: &str, words: &[String]) -> Option<Personal> {
    let word = |at: usize| words.get(at).map(String::as_str);
    Some(match what {
        "mood" => Personal::Mood(word(0).and_then(|value| Mood::new(value, word(1)))),
        "activity" => Personal::Activity(word(0).and_then(|general| Activity::new(general, word(1), None))),
        "nick" => Personal::Nick(word(0).map(str::to_owned)),
        _ => return None,
    })
}

/// A message that the server took from another process: ID JID STANZA.
fn taken(words: &[String]) -> KeptMessage {
    let [id, to, stanza] = words else { panic!("no message: {words:?}") };
    let origin = Origin { at: Wall::from_unix_millis(1_790_000_000_000), after: None };
    let (id, to, stanza) = (id.clone(), Jid::new(to).expect("a JID"), stanza.clone());
    KeptMessage { id, to, position: None, tried: true, chosen: None, returned: 0, replaces: None, stanza, origin }
}

fn publication(told: &Personal) -> Publication {
    Publication::new(told.node(), "current", told.to_element())
}

fn outgoing(to: &str, body: &str) -> Option<Outgoing> {
    Some(Outgoing {
        id: None,
        to: Jid::new(to).ok()?,
        kind: MessageKind::Chat,
        body: body.to_owned(),
        subject: None,
        receipt: false,
        url: None,
        correcting: None,
        no_wait: false,
        only_again: false,
    })
}

fn sent_as(outgoing: Outgoing, how: &[String]) -> Option<Outgoing> {
    Some(match how {
        [] => outgoing,
        [word] if word == "receipt" => Outgoing { receipt: true, ..outgoing },
        [word, id, again] if word == "id" && again == "again" => {
            Outgoing { id: Some(id.clone()), only_again: true, ..outgoing }
        }
        [word] if word == "no-wait" => Outgoing { no_wait: true, ..outgoing },
        [word, id] if word == "id" => Outgoing { id: Some(id.clone()), ..outgoing },
        _ => return None,
    })
}

/// Patterns of bare addresses.
pub(crate) fn chats(words: &[String]) -> Vec<Pattern> {
    words.iter().map(|chat| Pattern::url(chat).expect("a pattern")).collect()
}

/// TLS as the words describe it: `tls=1.2` has no exporter, `binding=none` nothing to bind by.
pub(crate) fn security(words: &[String]) -> Security {
    let says = |word: &str| words.iter().any(|found| found == word);
    let version = if says("tls=1.2") { TlsVersion::V1_2 } else { TlsVersion::V1_3 };
    let exporter = (version == TlsVersion::V1_3 && !says("binding=none")).then_some([0xEE; 32]);
    let end_point = (!says("binding=none")).then(|| vec![0xCE; 32]);
    Security { version, cipher: "TLS13_AES_128_GCM_SHA256".into(), exporter, end_point }
}

/// A connection as the words describe it.
pub(crate) fn connected(words: &[String]) -> Connected {
    let direct = words.first().is_some_and(|word| word == "direct");
    Connected {
        security: direct.then(|| security(words)),
        server: "chat.verona.example:5223".into(),
        seed: [9; 32],
        round_trips: if direct { 2 } else { 1 },
    }
}

/// The shell's word of a lost connection.
pub(crate) fn loss(words: &[String]) -> Option<Loss> {
    let (kind, rest) = words.split_first()?;
    let text = rest.first().cloned().unwrap_or_default();
    Some(match kind.as_str() {
        "broken" => Loss::Broken(text),
        "unreachable" => Loss::Unreachable(text),
        "certificate" => Loss::Certificate(text),
        "tls" => Loss::Tls(text),
        "not-offered" => Loss::NotOffered(text),
        "expensive" => Loss::Expensive,
        _ => return None,
    })
}

/// What befalls the machine.
pub(crate) fn machine(word: &str) -> Option<Machine> {
    Some(match word {
        "sleeps" => Machine::Sleeps,
        "woke" => Machine::Woke,
        "network-changed" => Machine::NetworkChanged,
        _ => return None,
    })
}

fn layers(words: &[String]) -> Option<Layers> {
    let is_next = |word: &String| word == "to" || word == "idle";
    let end = words.iter().position(is_next).unwrap_or(words.len());
    let (base, mut rest) = words.split_at(end);
    let (show, status, priority) = match base {
        [show] => (show, None, None),
        [show, word, number] if word == "priority" => (show, None, Some(number)),
        [show, text] => (show, Some(text.clone()), None),
        [show, text, word, number] if word == "priority" => (show, Some(text.clone()), Some(number)),
        _ => return None,
    };
    let priority = priority.map_or(Some(0), |number| number.parse().ok())?;
    let mut layers = Layers::new(Presence { show: show.parse().ok()?, status, priority });
    while let Some((word, more)) = rest.split_first() {
        let (of_it, further) = more.split_at(more.iter().position(is_next).unwrap_or(more.len()));
        rest = further;
        match (word.as_str(), of_it) {
            ("idle", [show, since @ ..]) => {
                let since = since.first().map(|millis| Wall::from_unix_millis(millis.parse().expect("milliseconds")));
                layers.set_idle(Some(Idle { show: show.parse().ok()?, since, by: "mutter" }));
            }
            ("to", [to, show, status @ ..]) => {
                let (to, show) = (Jid::new(to).ok()?, show.parse().ok()?);
                layers.direct(Directed { to, show, status: status.first().cloned(), until: None });
            }
            _ => return None,
        }
    }
    Some(layers)
}
