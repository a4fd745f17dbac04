//! Our own IQ requests that wait for an answer: who may answer, until when, and who asked.
//! An answer that fits no open request is nothing (CVE-2014-0364, CVE-2013-6483).

use std::collections::BTreeMap;

use jid::{BareJid, FullJid, Jid};

use crate::time::Moment;

/// The open requests of one stream; `A` says who asked.
#[derive(Debug)]
pub struct Requests<A> {
    open: BTreeMap<String, Pending<A>>,
}

#[derive(Debug)]
struct Pending<A> {
    addressee: Option<Jid>,
    deadline: Moment,
    asker: A,
}

impl<A> Default for Requests<A> {
    fn default() -> Self {
        Self { open: BTreeMap::new() }
    }
}

impl<A> Requests<A> {
    /// Notes a request that is being written now. Without `addressee` it went to our own account.
    pub fn open(&mut self, id: String, addressee: Option<Jid>, deadline: Moment, asker: A) {
        self.open.insert(id, Pending { addressee, deadline, asker });
    }

    /// Whose request this answer closes: the id is open and the sender is the one it was sent to
    /// (RFC 6120 section 8.1.2.1: our account answers without `from`, as itself, or as its server).
    pub fn close(&mut self, id: &str, from: Option<&Jid>, own: &FullJid) -> Option<A> {
        let pending = self.open.get(id)?;
        if !may_answer(pending.addressee.as_ref(), from, own) {
            return None;
        }
        self.open.remove(id).map(|pending| pending.asker)
    }

    /// Takes out every request whose time is over.
    pub fn expire(&mut self, now: Moment) -> Vec<A> {
        let (over, open) = std::mem::take(&mut self.open).into_iter().partition(|(_, pending)| pending.deadline <= now);
        self.open = open;
        let over: BTreeMap<String, Pending<A>> = over;
        over.into_values().map(|pending| pending.asker).collect()
    }

    /// Gives all of them time until then: no answer could come before.
    pub fn postpone(&mut self, deadline: Moment) {
        for pending in self.open.values_mut() {
            pending.deadline = deadline;
        }
    }

    /// Everybody who waits.
    pub fn askers(&self) -> impl Iterator<Item = &A> {
        self.open.values().map(|pending| &pending.asker)
    }

    /// The same, to be changed.
    pub fn askers_mut(&mut self) -> impl Iterator<Item = &mut A> {
        self.open.values_mut().map(|pending| &mut pending.asker)
    }

    /// Takes out those of these askers.
    pub fn drain_if(&mut self, is_meant: impl Fn(&A) -> bool) -> Vec<A> {
        let (meant, open) =
            std::mem::take(&mut self.open).into_iter().partition(|(_, pending)| is_meant(&pending.asker));
        self.open = open;
        let meant: BTreeMap<String, Pending<A>> = meant;
        meant.into_values().map(|pending| pending.asker).collect()
    }

    /// Takes out all of them: the stream that would carry the answers is gone.
    pub fn drain(&mut self) -> impl Iterator<Item = A> {
        std::mem::take(&mut self.open).into_values().map(|pending| pending.asker)
    }

    /// When the next one is over.
    pub fn deadline(&self) -> Option<Moment> {
        self.open.values().map(|pending| pending.deadline).min()
    }
}

fn may_answer(addressee: Option<&Jid>, from: Option<&Jid>, own: &FullJid) -> bool {
    match (addressee, from) {
        (Some(addressee), Some(from)) => addressee == from,
        // A server may answer for the account without saying so.
        (Some(addressee), None) => *addressee == own.to_bare(),
        (None, None) => true,
        (None, Some(from)) => {
            let domain = BareJid::from_parts(None, own.domain());
            *from == *own || *from == own.to_bare() || *from == domain
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const OWN: &str = "romeo@verona.example/xmppd.1";

    fn check(addressee: Option<&str>, from: Option<&str>, accepted: bool) {
        let jid = |text: &str| Jid::new(text).unwrap();
        let own = FullJid::new(OWN).unwrap();
        let mut requests = Requests::default();
        requests.open("a1".into(), addressee.map(jid), Moment::from_millis(30), ());
        let closed = requests.close("a1", from.map(jid).as_ref(), &own);
        assert_eq!(closed.is_some(), accepted, "to {addressee:?}, from {from:?}");
        assert_eq!(requests.deadline().is_none(), accepted);
    }

    #[test]
    fn own_account_answers_under_any_of_its_names() {
        check(None, None, true);
        check(None, Some("romeo@verona.example"), true);
        check(None, Some(OWN), true);
        check(None, Some("verona.example"), true);
        check(None, Some("romeo@verona.example/other"), false);
        check(None, Some("juliet@verona.example"), false);
        check(None, Some("mantua.example"), false);
    }

    #[test]
    fn others_answer_as_themselves_only() {
        check(Some("juliet@verona.example/balcony"), Some("juliet@verona.example/balcony"), true);
        check(Some("Juliet@Verona.example/balcony"), Some("juliet@verona.example/balcony"), true);
        check(Some("juliet@verona.example/balcony"), Some("juliet@verona.example"), false);
        check(Some("juliet@verona.example/balcony"), None, false);
        check(Some("romeo@verona.example"), None, true);
        check(Some("verona.example"), Some("romeo@verona.example"), false);
    }

    #[test]
    fn unknown_and_repeated_answers_are_nothing() {
        let own = FullJid::new(OWN).unwrap();
        let mut requests = Requests::default();
        requests.open("a1".into(), None, Moment::from_millis(30), 'x');
        assert_eq!(requests.close("a2", None, &own), None);
        assert_eq!(requests.close("a1", None, &own), Some('x'));
        assert_eq!(requests.close("a1", None, &own), None);
    }

    #[test]
    fn requests_expire_at_their_deadline() {
        let start = Moment::from_millis(0);
        let mut requests = Requests::default();
        requests.open("a".into(), None, start + Duration::from_secs(1), 'a');
        requests.open("b".into(), None, start + Duration::from_secs(2), 'b');
        assert_eq!(requests.deadline(), Some(start + Duration::from_secs(1)));
        assert_eq!(requests.expire(start + Duration::from_secs(1)), ['a']);
        assert_eq!(requests.drain().collect::<Vec<_>>(), ['b']);
    }
}
