//! Messages of the client's that the server handled, and those of them that come back as errors. Each error has a number,
//! which stands in its text, so that it is seen what became of which.

use std::collections::BTreeSet;

use xmppd_core::xml::Element;

use super::{ACCOUNT, STANZAS, Server};

/// Only one of so many last messages comes back.
const LATEST: usize = 6;

/// A message that the server handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Handled {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) replaces: Option<String>,
    /// It came back with the error of this number, and is with nobody.
    pub(crate) returned: Option<usize>,
    /// It is to wait.
    pub(crate) waits: bool,
}

impl Handled {
    pub(super) fn new(message: &Element) -> Self {
        let replace = message.child("replace", "urn:xmpp:message-correct:0");
        Self {
            id: message.attr("id").expect("an id").to_owned(),
            to: message.attr("to").expect("an addressee").to_owned(),
            body: message.child_text("body", "jabber:client").expect("a body"),
            replaces: replace.and_then(|replace| replace.attr("id")).map(ToOwned::to_owned),
            returned: None,
            waits: false,
        }
    }
}

impl Server<'_> {
    /// One of the last messages comes back from its recipient: it is to wait, or has failed.
    pub(crate) fn send_back(&mut self, which: usize, waits: bool) {
        let latest = self.handled.iter_mut().rev().take(LATEST).filter(|message| message.returned.is_none());
        let Some(message) = latest.into_iter().nth(which) else { return };
        self.returned += 1;
        (message.returned, message.waits) = (Some(self.returned), waits);
        let error = error(message);
        self.mailbox.push_back(error);
        self.empty_mailbox();
    }

    /// Of all errors, the client knows only these; what it knew beyond that it is told again.
    pub(crate) fn knows_only(&mut self, errors: &BTreeSet<usize>) {
        let session = self.session.iter().flat_map(|session| &session.unacknowledged);
        let waiting: Vec<usize> = session.chain(&self.mailbox).filter_map(|stanza| number(stanza)).collect();
        let is_lost = |number: &usize| !errors.contains(number) && !waiting.contains(number);
        for number in self.understood.iter().filter(|number| is_lost(number)) {
            let message = self.handled.iter().find(|message| message.returned == Some(*number));
            self.mailbox.push_back(error(message.expect("what came back")));
        }
        self.understood = errors.clone();
    }

    /// Whether this is an error that the client lacks: servers keep none for the next session that it has.
    pub(super) fn is_news(&self, stanza: &str) -> bool {
        is_error(stanza) && number(stanza).is_some_and(|number| !self.understood.contains(&number))
    }
}

/// The error with which a message comes back.
fn error(message: &Handled) -> String {
    let Handled { id, to, waits, .. } = message;
    let (kind, condition) = if *waits { ("wait", "remote-server-timeout") } else { ("cancel", "not-acceptable") };
    let number = message.returned.expect("it came back");
    format!(
        "<message xmlns='jabber:client' type='error' id='{id}' from='{to}' to='{ACCOUNT}/xmppd.1'><error type='{kind}'>\
         <{condition} xmlns='{STANZAS}'/><text xmlns='{STANZAS}'>fault-{number}</text></error></message>"
    )
}

/// Whether a message is such an error.
pub(super) fn is_error(stanza: &str) -> bool {
    stanza.starts_with("<message xmlns='jabber:client' type='error'")
}

/// The number of the error in its text, or in what is made of that.
pub(crate) fn number(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("fault-")?;
    let digits = rest.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}
