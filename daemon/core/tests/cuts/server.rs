//! A server in memory that knows enough to be lost and found again: both SASL profiles, tokens, Bind 2, and stream
//! management with all its counting (XEP-0198). It is written apart from the crate's own halves, so that both prove
//! each other.

mod archive;
mod late;
mod login;
mod returns;
mod room;
mod stanzas;

use std::collections::{BTreeSet, VecDeque};

use xmppd_core::account::Security;
use xmppd_core::time::Wall;
use xmppd_core::xml::{Element, Frame, Limits, Reader};

pub(crate) use archive::Lie;
pub(crate) use returns::{Handled, number as error_number};

use super::scram::{Keys, Server as Scram};
pub(crate) use room::ROOM;

const ACCOUNT: &str = "romeo@verona.example";
const CONTACT: &str = "juliet@verona.example/balcony";
const SM: &str = "urn:xmpp:sm:3";
const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// What kind of server it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    /// SASL2 with Bind 2 and inline stream management; else the classic way.
    pub(crate) inline: bool,
    /// Tokens.
    pub(crate) fast: bool,
    /// TLS before the first byte; else STARTTLS.
    pub(crate) direct: bool,
    /// Stream management.
    pub(crate) managed: bool,
    /// Says how much of a lost session it had handled.
    pub(crate) tells_h: bool,
    /// Features follow a resumption, as with Prosody 13.
    pub(crate) talkative: bool,
    /// An archive of messages.
    pub(crate) archive: bool,
    /// Where there is an archive, a session bound in the login begins without what waited for one, as with ejabberd
    /// (XEP-0386 section 4).
    pub(crate) clears: bool,
    /// All is said in a room, whose archive it is.
    pub(crate) room: bool,
    /// The room shows all under ids of its own, as gateways do.
    pub(crate) renames: bool,
    /// The room's archive has to be asked three times for everything.
    pub(crate) grudging: bool,
    /// Goes on with what a lost connection carried for a while, even when the session goes on over another one.
    pub(crate) lingers: bool,
    /// How its archive lies, if it does.
    pub(crate) lies: Option<Lie>,
}

/// One server with one account on it.
pub(crate) struct Server<'a> {
    pub(crate) kind: Kind,
    keys: &'a Keys,
    tokens: Vec<String>,
    issued: u32,
    session: Option<Session>,
    /// The last session that is gone, and how much of it was handled.
    gone: Option<(String, u32)>,
    sessions: u32,
    link: Option<Link>,
    /// A lost connection, and what it carried that is not handled yet.
    late: Option<(Link, Vec<u8>)>,
    mailbox: VecDeque<String>,
    /// How often the archive was asked.
    asked: u32,
    /// When each was said, and what.
    archived: Vec<(String, String)>,
    /// So many messages are not in the archive any more.
    expired: usize,
    /// The messages it handled, in order.
    pub(crate) handled: Vec<Handled>,
    /// So many of them it returned.
    returned: usize,
    /// The errors that the client need not be told any more, by their numbers.
    pub(crate) understood: BTreeSet<usize>,
    /// How many sessions ended without the client knowing how much of it was handled.
    pub(crate) forgotten: u32,
    pub(crate) clock: Wall,
    pub(crate) resumptions: u32,
    pub(crate) token_logins: u32,
}

struct Session {
    id: String,
    managed: bool,
    handled: u32,
    acknowledged: u32,
    unacknowledged: VecDeque<String>,
    present: bool,
    in_room: bool,
}

struct Link {
    reader: Reader,
    scram: Scram,
    request: Option<Element>,
    stage: Stage,
    security: Option<Security>,
    out: Vec<u8>,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Plain,
    Secured,
    Proven,
    Bound,
}

impl<'a> Server<'a> {
    pub(crate) fn new(kind: Kind, keys: &'a Keys) -> Self {
        Self {
            kind,
            keys,
            tokens: Vec::new(),
            issued: 0,
            session: None,
            gone: None,
            sessions: 0,
            link: None,
            late: None,
            mailbox: VecDeque::new(),
            asked: 0,
            archived: Vec::new(),
            clock: Wall::default(),
            expired: 0,
            handled: Vec::new(),
            returned: 0,
            understood: BTreeSet::new(),
            forgotten: 0,
            resumptions: 0,
            token_logins: 0,
        }
    }

    /// Has a session that counts from here on, both ways, and is without a connection.
    pub(crate) fn holds(&mut self, id: &str, handled: u32, acknowledged: u32) {
        let (managed, present, unacknowledged) = (true, true, VecDeque::new());
        let in_room = false;
        self.session =
            Some(Session { id: id.into(), managed, handled, acknowledged, unacknowledged, present, in_room });
    }

    pub(crate) fn connected(&mut self, security: Option<Security>) {
        let stage = if security.is_some() { Stage::Secured } else { Stage::Plain };
        let mut scram = Scram::default();
        scram.secured(security.clone());
        let reader = Reader::new(Limits::AFTER_LOGIN);
        self.link = Some(Link { reader, scram, request: None, stage, security, out: Vec::new(), closed: false });
    }

    pub(crate) fn secured(&mut self, security: Security) {
        self.connected(Some(security));
    }

    /// The connection is gone, with what it carried; whether it was the session's.
    pub(crate) fn lost(&mut self, carried: Vec<u8>) -> bool {
        let link = self.link.take().filter(|link| link.stage == Stage::Bound);
        let is_sessions = link.is_some();
        let is_managed = self.session.as_ref().is_some_and(|session| session.managed);
        self.late = link.filter(|_| self.kind.lingers && is_managed).map(|link| (link, carried));
        if self.session.as_ref().is_some_and(|session| !session.managed) {
            self.end_session(false);
        }
        is_sessions
    }

    /// The session has been without a connection for too long.
    pub(crate) fn forget(&mut self) {
        if self.link.is_none() && self.session.is_some() {
            self.catch_up();
            self.end_session(true);
            self.forgotten += 1;
        }
    }

    /// Whether everything has arrived on both sides.
    pub(crate) fn is_idle(&self) -> bool {
        self.mailbox.is_empty() && self.link.is_some()
    }

    /// Takes what it has to say.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.link.as_mut().map(|link| std::mem::take(&mut link.out)).unwrap_or_default()
    }

    /// Takes in what the client wrote.
    pub(crate) fn receive(&mut self, mut bytes: &[u8]) {
        loop {
            let Some(link) = self.link.as_mut().filter(|link| !link.closed) else { return };
            let frame = link.reader.feed(&mut bytes).unwrap_or_else(|fault| panic!("the client wrote no XML: {fault}"));
            match frame {
                None => return,
                Some(Frame::Open(_)) => self.greet(),
                Some(Frame::Element(element)) => self.element(&element),
                Some(Frame::Close) => {
                    self.say("</stream:stream>");
                    self.link.as_mut().expect("it has just spoken").closed = true;
                    if self.session.is_some() {
                        self.end_session(false);
                    }
                }
            }
        }
    }

    fn say(&mut self, text: &str) {
        if let Some(link) = &mut self.link {
            link.scram.said(text);
            link.out.extend(text.as_bytes());
        }
    }

    fn stage(&self) -> Stage {
        self.link.as_ref().expect("somebody is there").stage
    }

    fn greet(&mut self) {
        self.say(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='s' from='verona.example' version='1.0' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
        );
        self.offer();
    }

    fn offer(&mut self) {
        let sm = if self.kind.managed { "<sm xmlns='urn:xmpp:sm:3'/>" } else { "" };
        let mechanisms = "<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism>";
        let types = "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>\
                     </sasl-channel-binding>";
        let inside = match self.stage() {
            Stage::Plain => "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>".to_owned(),
            Stage::Secured if self.kind.inline => {
                let enable = if self.kind.managed { "<feature var='urn:xmpp:sm:3'/>" } else { "" };
                let fast = "<fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-EXPR</mechanism></fast>";
                let fast = if self.kind.fast { fast } else { "" };
                format!(
                    "<authentication xmlns='urn:xmpp:sasl:2'><inline>{sm}<bind xmlns='urn:xmpp:bind:0'><inline>{enable}\
                     </inline></bind>{fast}</inline>{mechanisms}</authentication>{types}"
                )
            }
            Stage::Secured => {
                format!("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{mechanisms}</mechanisms>{types}")
            }
            Stage::Proven | Stage::Bound => format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>{sm}"),
        };
        self.say(&format!("<stream:features>{inside}</stream:features>"));
    }

    fn element(&mut self, element: &Element) {
        match (self.stage(), element.name()) {
            (Stage::Plain, "starttls") => self.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            (Stage::Secured, "auth" | "authenticate") => self.authenticate(element),
            (Stage::Secured, "response") => self.prove(element),
            (Stage::Proven, "resume") => {
                let answer = self.resume(element).unwrap_or_else(|| self.failed(element));
                self.say(&answer);
                self.repeat();
            }
            (Stage::Proven, "iq") => self.bind_classic(element),
            (Stage::Bound, "enable") => {
                let id = self.session.as_ref().expect("it is bound").id.clone();
                self.say(&enabled(&id));
                self.session.as_mut().expect("it is bound").managed = true;
            }
            (Stage::Bound, "r") => {
                let h = self.session.as_ref().expect("it is bound").handled;
                self.say(&format!("<a xmlns='{SM}' h='{h}'/>"));
            }
            (Stage::Bound, "a") => self.acknowledged(number(element, "h")),
            (Stage::Bound, "iq" | "message" | "presence") => self.stanza(element),
            (Stage::Bound, "active" | "inactive") => {}
            (stage, other) => panic!("<{other}/> in stage {stage:?}"),
        }
    }

    fn resume(&mut self, resume: &Element) -> Option<String> {
        let previd = resume.attr("previd").expect("a session's id");
        let h = number(resume, "h");
        let session = self.session.as_mut().filter(|session| session.id == previd && session.managed)?;
        let (id, handled) = (session.id.clone(), session.handled);
        self.resumptions += 1;
        self.link.as_mut().expect("somebody is there").stage = Stage::Bound;
        self.acknowledged(h);
        self.go_on_late();
        Some(format!("<resumed xmlns='{SM}' previd='{id}' h='{handled}'/>"))
    }

    /// Says once more what the client has not acknowledged.
    fn repeat(&mut self) {
        let Some(session) = self.session.as_ref().filter(|_| self.stage() == Stage::Bound) else { return };
        for stanza in session.unacknowledged.iter().cloned().collect::<Vec<_>>() {
            self.say(&stanza);
        }
        self.say(&format!("<r xmlns='{SM}'/>"));
        self.empty_mailbox();
    }

    fn failed(&self, resume: &Element) -> String {
        let gone = self.gone.as_ref().filter(|(id, _)| self.kind.tells_h && resume.attr("previd") == Some(id));
        let h = gone.map(|(_, h)| format!(" h='{h}'"));
        let h = h.unwrap_or_default();
        format!("<failed xmlns='{SM}'{h}><item-not-found xmlns='{STANZAS}'/></failed>")
    }

    fn bind_classic(&mut self, iq: &Element) {
        let id = iq.attr("id").expect("an id").to_owned();
        self.begin_session();
        self.link.as_mut().expect("somebody is there").stage = Stage::Bound;
        self.say(&format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{ACCOUNT}/xmppd.1</jid>\
             </bind></iq>"
        ));
    }

    fn begin_session(&mut self) {
        self.catch_up();
        if self.session.is_some() {
            self.end_session(false);
        }
        self.sessions += 1;
        self.session = Some(Session {
            id: format!("session-{}", self.sessions),
            managed: false,
            handled: 0,
            acknowledged: 0,
            unacknowledged: VecDeque::new(),
            present: false,
            in_room: false,
        });
    }

    /// What the client has not acknowledged waits for the next session.
    fn end_session(&mut self, remembered: bool) {
        let session = self.session.take().expect("there is one");
        if remembered {
            self.gone = Some((session.id, session.handled));
        }
        let hers = format!("<message xmlns='jabber:client' from='{CONTACT}'");
        for message in session.unacknowledged.into_iter().rev() {
            if message.starts_with(&hers) || self.is_news(&message) {
                self.mailbox.push_front(message);
            }
        }
    }

    fn acknowledged(&mut self, h: u32) {
        let session = self.session.as_mut().expect("it is bound");
        let count = usize::try_from(h.wrapping_sub(session.acknowledged)).expect("a count");
        assert!(count <= session.unacknowledged.len(), "the client acknowledges what was never sent");
        session.unacknowledged.drain(..count);
        session.acknowledged = h;
    }
}

fn enabled(id: &str) -> String {
    format!("<enabled xmlns='{SM}' id='{id}' resume='true' max='600'/>")
}

fn number(element: &Element, name: &str) -> u32 {
    element.attr(name).and_then(|number| number.parse().ok()).expect("a number")
}
