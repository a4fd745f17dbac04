//! The server's archive of the account's messages, in small pages.

use xmppd_core::xml::Element;

use super::{ACCOUNT, ROOM, STANZAS, Server};

const MAM: &str = "urn:xmpp:mam:2";
const RSM: &str = "http://jabber.org/protocol/rsm";
const PAGE: usize = 3;

impl Server<'_> {
    /// Archives a message and gives its place.
    pub(super) fn archive(&mut self, message: String) -> String {
        self.archived.push(message);
        format!("place-{}", self.archived.len())
    }

    /// Loses what is in the archive up to here.
    pub(crate) fn expire(&mut self, last: &str) {
        self.expired = place(last);
    }

    /// What our account says it supports.
    pub(super) fn features(&self) -> String {
        let archive =
            if self.kind.archive && !self.kind.room { format!("<feature var='{MAM}'/>") } else { String::new() };
        format!(
            "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' type='registered'/>\
             {archive}</query>"
        )
    }

    /// Tells a page of the archive.
    pub(super) fn tell_archive(&mut self, id: &str, query: &Element) {
        let from_whom = if self.kind.room { format!(" from='{ROOM}'") } else { String::new() };
        let set = query.child("set", RSM).expect("a part of it");
        let after = set.child_text("after", RSM);
        let all = 0..self.archived.len();
        let (from, to) = if set.child("before", RSM).is_some() {
            (all.end.saturating_sub(1), all.end)
        } else {
            let from = after.as_ref().map_or(0, |after| place(after));
            if from > all.end || self.expired > 0 && after.is_some_and(|after| place(&after) <= self.expired) {
                let error = format!("<error type='cancel'><item-not-found xmlns='{STANZAS}'/></error>");
                return self.stanza_to_client(&format!("<iq type='error'{from_whom} id='{id}'>{error}</iq>"));
            }
            let from = from.max(self.expired);
            (from, all.end.min(from + PAGE))
        };
        let query = query.attr("queryid").expect("it names its results").to_owned();
        for index in from..to {
            let (number, message) = (index + 1, self.archived[index].clone());
            self.stanza_to_client(&format!(
                "<message{from_whom} to='{ACCOUNT}/xmppd.1'><result xmlns='{MAM}' queryid='{query}' id='place-{number}'>\
                 <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-03-01T10:00:00Z'/>\
                 {message}</forwarded></result></message>"
            ));
        }
        let complete = if to == all.end { " complete='true'" } else { "" };
        let last = if from < to { format!("<last>place-{to}</last>") } else { String::new() };
        self.stanza_to_client(&format!(
            "<iq type='result'{from_whom} id='{id}'><fin xmlns='{MAM}'{complete}><set xmlns='{RSM}'>{last}</set></fin></iq>"
        ));
    }
}

fn place(name: &str) -> usize {
    name.strip_prefix("place-").and_then(|number| number.parse().ok()).expect("a place in the archive")
}
