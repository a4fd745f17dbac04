//! Rooms ([XEP-0045](https://xmpp.org/extensions/xep-0045.html)) and direct invitations into them
//! ([XEP-0249](https://xmpp.org/extensions/xep-0249.html)). Anyone can write these payloads: that only the room's own word
//! counts is [`crate::room`]'s and the account's work (S45).

use jid::{BareJid, Jid};

use super::form::Form;
use super::{Message, datetime};
use crate::secret::Secret;
use crate::time::Wall;
use crate::xml::{Element, ns};

/// What a room says about an occupant, about us, or in an invitation: `<x/>` of `muc#user`.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// The status codes (section 15.6).
    pub codes: Vec<u16>,
    /// About the occupant.
    pub item: Item,
    /// The room is no more.
    pub destroyed: Option<Destroyed>,
    /// Somebody invites us.
    pub invite: Option<Invite>,
    /// The room's password, beside an invitation.
    pub password: Option<Secret>,
}

/// What a room says about an occupant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Long-lived: `owner`, `admin`, `member`, `none`, `outcast`.
    pub affiliation: Option<String>,
    /// For this visit: `moderator`, `participant`, `visitor`, `none`.
    pub role: Option<String>,
    /// Who it is, where the room shows that.
    pub jid: Option<Jid>,
    /// The nickname that follows, in a change of it.
    pub nick: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// The end of a room (section 10.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// Where to go instead.
    pub instead: Option<BareJid>,
    /// Why.
    pub reason: Option<String>,
}

/// An invitation by way of the room (section 7.8.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Who invites, as the room says.
    pub from: Option<Jid>,
    /// Why.
    pub reason: Option<String>,
}

/// How much a room is to tell of what was said before (section 7.2.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Nothing: it is read from the archive.
    Nothing,
    /// What was said since then.
    Since(Wall),
}

impl User {
    /// Finds the room's word among payloads.
    pub fn find(payloads: &[Element]) -> Option<Self> {
        payloads.iter().find(|payload| payload.is("x", ns::MUC_USER)).map(Self::parse)
    }

    /// Whether the room says this by number.
    pub fn says(&self, code: u16) -> bool {
        self.codes.contains(&code)
    }

    fn parse(element: &Element) -> Self {
        let reason = |of: &Element| of.child_text("reason", ns::MUC_USER);
        let codes = element.children().filter(|child| child.is("status", ns::MUC_USER));
        let destroyed = element.child("destroy", ns::MUC_USER);
        let invite = element.child("invite", ns::MUC_USER);
        Self {
            codes: codes.filter_map(|status| status.attr("code")?.parse().ok()).collect(),
            item: element.child("item", ns::MUC_USER).map(Item::parse).unwrap_or_default(),
            destroyed: destroyed.map(|destroy| Destroyed {
                instead: destroy.attr("jid").and_then(|jid| BareJid::new(jid).ok()),
                reason: reason(destroy),
            }),
            invite: invite.map(|invite| Invite {
                from: invite.attr("from").and_then(|from| Jid::new(from).ok()),
                reason: reason(invite),
            }),
            password: element.child_text("password", ns::MUC_USER).map(Secret::new),
        }
    }
}

impl Item {
    fn parse(element: &Element) -> Self {
        let attribute = |name| element.attr(name).map(str::to_owned);
        let actor = element.child("actor", ns::MUC_USER);
        Self {
            affiliation: attribute("affiliation"),
            role: attribute("role"),
            jid: element.attr("jid").and_then(|jid| Jid::new(jid).ok()),
            nick: attribute("nick"),
            actor: actor.and_then(|actor| actor.attr("nick").or_else(|| actor.attr("jid"))).map(str::to_owned),
            reason: element.child_text("reason", ns::MUC_USER),
        }
    }
}

/// What makes presence a wish to enter (section 7.2.1).
pub fn enter(history: History, password: Option<&Secret>) -> Element {
    let told = Element::new("history", ns::MUC);
    let told = match history {
        History::Nothing => told.with_attr("maxstanzas", "0"),
        History::Since(since) => told.with_attr("since", datetime::write(since)),
    };
    let password = password.map(|password| Element::new("password", ns::MUC).with_text(password.reveal()));
    Element::new("x", ns::MUC).with_child(told).with_children(password)
}

/// Accepts a new room as the service makes it (section 10.1.2).
pub fn accept_defaults() -> Element {
    let form = Form::default().to_element("submit");
    Element::new("query", ns::MUC_OWNER).with_child(form)
}

/// Asks a room to invite somebody (section 7.8.2).
pub fn invitation(room: &BareJid, whom: &Jid, reason: Option<&str>) -> Message {
    let reason = reason.map(|reason| Element::new("reason", ns::MUC_USER).with_text(reason));
    let invite = Element::new("invite", ns::MUC_USER).with_attr("to", whom.as_str()).with_children(reason);
    let mut message = Message::chat("", room.clone(), "");
    message.kind = super::MessageKind::Normal;
    message.body = None;
    message.payloads.push(Element::new("x", ns::MUC_USER).with_child(invite));
    message
}

/// An invitation that somebody sends by themselves (XEP-0249).
#[derive(Clone, Debug)]
pub struct Direct {
    /// Into which room.
    pub room: BareJid,
    /// Why.
    pub reason: Option<String>,
    /// The room's password.
    pub password: Option<Secret>,
}

impl Direct {
    /// Finds one among payloads.
    pub fn find(payloads: &[Element]) -> Option<Self> {
        let invite = payloads.iter().find(|payload| payload.is("x", ns::CONFERENCE))?;
        Some(Self {
            room: BareJid::new(invite.attr("jid")?).ok()?,
            reason: invite.attr("reason").map(str::to_owned),
            password: invite.attr("password").map(|password| Secret::new(password.to_owned())),
        })
    }
}

/// Who an occupant is to the room, whatever the nickname (XEP-0421).
pub fn occupant_id(payloads: &[Element]) -> Option<&str> {
    payloads.iter().find(|payload| payload.is("occupant-id", ns::OCCUPANT_ID))?.attr("id")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    fn user(inside: &str) -> User {
        let text = format!("<x xmlns='http://jabber.org/protocol/muc#user'>{inside}</x>");
        User::find(&[testing::element(&text)]).expect("the room's word")
    }

    #[test]
    fn a_room_says_who_somebody_is_and_what_befell_them() {
        let kicked = user(
            "<item affiliation='none' role='none' jid='a@b/c'><actor nick='Escalus'/><reason>Peace!</reason></item>
             <status code='307'/><status code='110'/><status code='x'/>",
        );
        assert_eq!(kicked.codes, [307, 110]);
        assert!(kicked.says(307) && !kicked.says(301));
        let Item { role, actor, reason, jid, .. } = kicked.item;
        assert_eq!(
            (role.as_deref(), actor.as_deref(), reason.as_deref()),
            (Some("none"), Some("Escalus"), Some("Peace!"))
        );
        assert_eq!(jid.map(|jid| jid.to_string()).as_deref(), Some("a@b/c"));
        let gone = user("<item/><destroy jid='new@rooms'><reason>Moved</reason></destroy>").destroyed.unwrap();
        assert_eq!(gone.instead.map(|jid| jid.to_string()).as_deref(), Some("new@rooms"));
        assert_eq!(gone.reason.as_deref(), Some("Moved"));
        let invited = user("<invite from='a@b'><reason>Come</reason></invite><password>x</password>");
        assert_eq!(invited.invite.unwrap().reason.as_deref(), Some("Come"));
        assert_eq!(invited.password.map(|it| it.reveal().to_owned()).as_deref(), Some("x"));
        assert!(user("<item jid='@@'/>").item.jid.is_none());
        assert!(User::find(&[testing::element("<x xmlns='http://jabber.org/protocol/muc'/>")]).is_none());
    }

    #[test]
    fn entering_says_how_much_is_to_be_told() {
        let check = |history, password: Option<&str>, expected: &str| {
            let password = password.map(|it| Secret::new(it.to_owned()));
            assert_eq!(writer::to_string(&enter(history, password.as_ref())), expected);
        };
        check(
            History::Nothing,
            Some("a<b"),
            "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/><password>a&lt;b</password></x>",
        );
        check(
            History::Since(Wall::from_unix_millis(1_772_359_200_000)),
            None,
            "<x xmlns='http://jabber.org/protocol/muc'><history since='2026-03-01T10:00:00.000Z'/></x>",
        );
    }

    #[test]
    fn direct_invitations_name_a_room() {
        let check = |attributes: &str, expected: Option<&str>| {
            let element = testing::element(&format!("<x xmlns='jabber:x:conference' {attributes}/>"));
            assert_eq!(Direct::find(&[element]).map(|found| found.room.to_string()).as_deref(), expected);
        };
        check("jid='hall@rooms.verona.example' reason='Dance' password='p'", Some("hall@rooms.verona.example"));
        check("jid='@@'", None);
        check("", None);
    }
}
