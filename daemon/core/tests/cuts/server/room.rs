//! A room with an archive: who is in it is shown what is said in it, and what was said before is read page by page.

use xmppd_core::xml::Element;

use super::{ACCOUNT, Handled, Server};

/// The room.
pub(crate) const ROOM: &str = "hall@rooms.verona.example";

impl Server<'_> {
    /// Somebody says something in the room.
    pub(crate) fn say_in_room(&mut self, body: &str) {
        self.said_in_room("juliet", "", body);
    }

    /// A stanza for the room.
    pub(super) fn room(&mut self, element: &Element) {
        let id = element.attr("id").unwrap_or_default().to_owned();
        match element.name() {
            "presence" => self.enter_room(),
            "message" => {
                let body = element.child_text("body", "jabber:client").expect("a body");
                assert!(self.session.as_ref().is_some_and(|session| session.in_room), "{body} is said from outside");
                let own = if self.kind.renames { format!("own-{}", self.handled.len()) } else { id };
                self.said_in_room("romeo", &own, &body);
                self.handled.push(Handled::new(element));
            }
            _ if element.child("query", "urn:xmpp:mam:2").is_some() => {
                let query = element.child("query", "urn:xmpp:mam:2").expect("it has just been there").clone();
                self.tell_archive(&id, &query);
            }
            _ => self.stanza_to_client(&format!(
                "<iq type='result' from='{ROOM}' id='{id}'><query xmlns='http://jabber.org/protocol/disco#info'>\
                 <identity category='conference' type='text'/><feature var='urn:xmpp:mam:2'/></query></iq>"
            )),
        }
    }

    fn enter_room(&mut self) {
        let user = "http://jabber.org/protocol/muc#user";
        for (nick, code) in [("juliet", ""), ("romeo", "<status code='110'/>")] {
            self.stanza_to_client(&format!(
                "<presence from='{ROOM}/{nick}' to='{ACCOUNT}/xmppd.1'><x xmlns='{user}'>\
                 <item affiliation='none' role='participant'/>{code}</x></presence>"
            ));
        }
        self.stanza_to_client(&format!("<message from='{ROOM}' type='groupchat'><subject/></message>"));
        self.session.as_mut().expect("it is bound").in_room = true;
    }

    fn said_in_room(&mut self, nick: &str, id: &str, body: &str) {
        let message = |inside: &str| {
            format!(
                "<message xmlns='jabber:client' from='{ROOM}/{nick}' type='groupchat' id='{id}'><body>{body}</body>\
                 {inside}</message>"
            )
        };
        let place = self.archive(message(""));
        if self.session.as_ref().is_some_and(|session| session.in_room) {
            let id = format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{place}'/>");
            self.stanza_to_client(&message(&id));
        }
    }
}
