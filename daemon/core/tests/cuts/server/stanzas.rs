//! Stanzas in a session: what the client sends, and what waits for it.

use xmppd_core::xml::Element;

use super::{ACCOUNT, CONTACT, Handled, ROOM, SM, Server, Stage};

impl Server<'_> {
    /// Somebody writes to the account.
    pub(crate) fn deliver(&mut self, body: &str) {
        let message = |inside: &str| {
            format!(
                "<message xmlns='jabber:client' from='{CONTACT}' to='{ACCOUNT}' type='chat'><body>{body}</body>{inside}\
                 </message>"
            )
        };
        let place = self.kind.archive.then(|| self.archive(message("")));
        let place = place.map(|place| format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{ACCOUNT}' id='{place}'/>"));
        self.mailbox.push_back(message(&place.unwrap_or_default()));
        self.empty_mailbox();
    }

    pub(super) fn stanza(&mut self, element: &Element) {
        let session = self.session.as_mut().expect("it is bound");
        session.handled = session.handled.wrapping_add(1);
        if element.attr("to").is_some_and(|to| to.starts_with(ROOM)) {
            return self.room(element);
        }
        match element.name() {
            "message" => self.message(element),
            "presence" => {
                session.present = true;
                self.stanza_to_client(&format!("<presence from='{ACCOUNT}/xmppd.1'/>"));
                self.empty_mailbox();
            }
            _ => {
                let id = element.attr("id").expect("an id").to_owned();
                if let Some(query) = element.child("query", "urn:xmpp:mam:2") {
                    return self.tell_archive(&id, query);
                }
                let roster =
                    "<query xmlns='jabber:iq:roster'><item jid='juliet@verona.example' subscription='both'/></query>";
                let asks = |namespace: &str| element.child("query", namespace).is_some();
                let features = self.features();
                let payload = if asks("jabber:iq:roster") {
                    roster
                } else if asks("http://jabber.org/protocol/disco#info") {
                    &features
                } else {
                    ""
                };
                self.stanza_to_client(&format!("<iq type='result' id='{id}'>{payload}</iq>"));
            }
        }
    }

    pub(super) fn message(&mut self, element: &Element) {
        let body = element.child_text("body", "jabber:client").expect("a body");
        let id = element.attr("id").expect("an id");
        let to = element.attr("to").expect("an addressee");
        self.archive(format!(
            "<message xmlns='jabber:client' from='{ACCOUNT}/xmppd.1' to='{to}' id='{id}' type='chat'><body>{body}\
             </body></message>"
        ));
        self.handled.push(Handled::new(element));
    }

    pub(super) fn empty_mailbox(&mut self) {
        while self.session.as_ref().is_some_and(|session| session.present && (session.managed || self.link.is_some()))
            && let Some(message) = self.mailbox.pop_front()
        {
            self.stanza_to_client(&message);
        }
    }

    pub(super) fn stanza_to_client(&mut self, stanza: &str) {
        let session = self.session.as_mut().expect("it is bound");
        if session.managed {
            session.unacknowledged.push_back(stanza.to_owned());
        }
        if self.link.as_ref().is_some_and(|link| link.stage == Stage::Bound) {
            self.say(stanza);
            if self.session.as_ref().is_some_and(|session| session.managed) {
                self.say(&format!("<r xmlns='{SM}'/>"));
            }
        }
    }
}
