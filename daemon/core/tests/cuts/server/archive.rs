//! The server's archive of the account's messages, in small pages, and the lies that one can tell.

use std::ops::Range;

use xmppd_core::stanza::datetime;
use xmppd_core::xml::Element;

use super::{ACCOUNT, CONTACT, ROOM, STANZAS, Server};

const MAM: &str = "urn:xmpp:mam:2";
const RSM: &str = "http://jabber.org/protocol/rsm";
const PAGE: usize = 3;

/// How an archive lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// It has nothing, and that is all.
    Hides,
    /// Its first page comes again and again, each time with another end.
    Repeats,
    /// It has lost every place that it gave.
    Loses,
    /// Others answer as well, it answers what nobody asked, and it counts wrong.
    Forges,
}

impl Server<'_> {
    /// Archives a message and gives its place.
    pub(super) fn archive(&mut self, message: String) -> String {
        self.archived.push((datetime::write(self.clock), message));
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
        self.asked += 1;
        if self.kind.room && self.kind.grudging && !self.asked.is_multiple_of(3) {
            let error = format!("<error type='wait'><resource-constraint xmlns='{STANZAS}'/></error>");
            return self.stanza_to_client(&format!("<iq type='error'{} id='{id}'>{error}</iq>", self.speaker()));
        }
        let set = query.child("set", RSM).expect("a part of it");
        let after = set.child_text("after", RSM);
        let name = query.attr("queryid").expect("it names its results").to_owned();
        match self.kind.lies {
            Some(Lie::Hides) => return self.tell_page(id, &name, 0..0, Some("")),
            Some(Lie::Repeats) => {
                let last = format!("<last>nowhere-{id}</last>");
                return self.tell_page(id, &name, 0..PAGE.min(self.archived.len()), Some(&last));
            }
            Some(Lie::Loses) if after.is_some() => return self.tell_loss(id),
            Some(Lie::Loses) => return self.tell_page(id, &name, 0..PAGE.min(self.archived.len()), None),
            Some(Lie::Forges) => self.forge(&name),
            None => {}
        }
        let all = 0..self.archived.len();
        let (from, to) = if set.child("before", RSM).is_some() {
            (all.end.saturating_sub(1), all.end)
        } else {
            let from = after.as_ref().map_or(0, |after| place(after));
            if from > all.end || self.expired > 0 && after.is_some_and(|after| place(&after) <= self.expired) {
                return self.tell_loss(id);
            }
            let from = from.max(self.expired);
            (from, all.end.min(from + PAGE))
        };
        self.tell_page(id, &name, from..to, None);
    }

    /// Tells a part of it, and how it ends; it is the last one if the archive ends there, or ends with nothing.
    fn tell_page(&mut self, id: &str, query: &str, part: Range<usize>, end: Option<&str>) {
        for index in part.clone() {
            let result = self.archived[index].clone();
            self.tell_result(query, &format!("place-{}", index + 1), &result, &self.speaker());
        }
        let last = if part.is_empty() { String::new() } else { format!("<last>place-{}</last>", part.end) };
        let is_complete = end.map_or(part.end == self.archived.len(), str::is_empty);
        let complete = if is_complete { " complete='true'" } else { "" };
        let count = if self.kind.lies.is_some() { "<count>1</count>" } else { "" };
        let last = end.unwrap_or(&last);
        self.stanza_to_client(&format!(
            "<iq type='result'{} id='{id}'><fin xmlns='{MAM}'{complete}><set xmlns='{RSM}'>{count}{last}</set></fin></iq>",
            self.speaker()
        ));
    }

    fn tell_result(&mut self, query: &str, place: &str, (stamp, message): &(String, String), from: &str) {
        self.stanza_to_client(&format!(
            "<message{from} to='{ACCOUNT}/xmppd.1'><result xmlns='{MAM}' queryid='{query}' id='{place}'>\
             <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='{stamp}'/>\
             {message}</forwarded></result></message>"
        ));
    }

    fn tell_loss(&mut self, id: &str) {
        let error = format!("<error type='cancel'><item-not-found xmlns='{STANZAS}'/></error>");
        self.stanza_to_client(&format!("<iq type='error'{} id='{id}'>{error}</iq>", self.speaker()));
    }

    /// A room's archive speaks for itself.
    fn speaker(&self) -> String {
        if self.kind.room { format!(" from='{ROOM}'") } else { String::new() }
    }

    /// Results that are to be believed by nobody.
    fn forge(&mut self, query: &str) {
        let lie = format!("<message xmlns='jabber:client' from='{CONTACT}' type='chat'><body>a lie</body></message>");
        let lie = (datetime::write(self.clock), lie);
        self.tell_result("another", "place-0", &lie, "");
        self.tell_result(query, "place-0", &lie, &format!(" from='{CONTACT}'"));
    }
}

fn place(name: &str) -> usize {
    name.strip_prefix("place-").and_then(|number| number.parse().ok()).expect("a place in the archive")
}
