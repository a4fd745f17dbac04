//! What must be true in the end.

use xmppd_core::account::{OnUncertain, Outcome, Ticket};

use super::super::server::Lie;
use super::World;

impl World<'_> {
    /// Somebody is answered.
    pub(super) fn replied(&mut self, ticket: Ticket, outcome: &Outcome) {
        let body = self.waiting.remove(&ticket).expect("somebody waits for this answer");
        match outcome {
            Outcome::Sent(_) => {
                let is_there =
                    !self.server.kind.managed && !self.server.kind.room || self.server.handled.contains(&body);
                assert!(is_there, "{body} is not at the server");
            }
            Outcome::Queued(_) => {
                let is_kept =
                    self.disk.memory.messages.iter().any(|message| message.stanza.contains(&format!(">{body}<")));
                assert!(is_kept, "{body} is not kept");
            }
            Outcome::NotOnline(_) | Outcome::NotKept(_) => self.refused.push(body),
            Outcome::Delivered(_)
            | Outcome::Answer(_)
            | Outcome::Refused(_)
            | Outcome::TimedOut
            | Outcome::Withheld
            | Outcome::Invisible
            | Outcome::Exposed(_)
            | Outcome::TooLate
            | Outcome::Occupants(..)
            | Outcome::Outside
            | Outcome::IdTaken(_)
            | Outcome::Unknown
            | Outcome::Unsupported
            | Outcome::Done => {
                panic!("{body}: {outcome:?}")
            }
        }
    }

    /// Nothing is lost, nothing is doubled, and all is in order.
    pub(crate) fn check(&self) {
        let mut sent: Vec<&String> = self.accepted.iter().filter(|body| !self.refused.contains(body)).collect();
        let mut handled: Vec<&String> = self.server.handled.iter().collect();
        let mut told: Vec<&String> = self.told.iter().collect();
        // A room's archive tells of everything.
        if self.server.kind.room {
            if !self.server.kind.managed {
                // What came is told before it is known, and after a death once more.
                assert_eq!(handled, sent, "what the room got is not what was sent");
                first_of_each(&mut told);
            }
            return self.check_all(&handled, &sent, &told);
        }
        let lies = self.lies();
        let is_blind = self.server.forgotten > 0 && (!self.server.kind.archive || lies);
        if self.on_uncertain == OnUncertain::Hold && self.server.kind.managed {
            // What nobody can know of is set aside. Where a death comes before the disk knows of that, it may have been
            // found out since, and leaves behind others.
            let doubled = |body: &&&String| handled.iter().filter(|other| *other == *body).count() > 1;
            assert_eq!(handled.iter().find(doubled), None, "what is to be held came twice");
            handled.retain(|body| !self.is_aside(body));
            sent.retain(|body| !self.is_aside(body));
        } else if is_blind {
            // Where nothing says how far the server came, a message may come twice.
            first_of_each(&mut handled);
        }
        if self.server.forgotten > 0 && !self.server.kind.archive {
            first_of_each(&mut told);
        }
        if !self.server.kind.managed {
            // Nobody knows what became of what was under way, and after a death it may come again.
            first_of_each(&mut handled);
            handled.retain(|body| !self.is_aside(body));
            let is_part = |part: &[&String], whole: &[&String]| {
                let mut whole = whole.iter();
                part.iter().all(|body| whole.any(|other| other == body))
            };
            assert!(is_part(&handled, &sent), "{handled:?} of {sent:?}");
            return;
        }
        self.check_all(&handled, &sent, &told);
    }

    fn check_all(&self, handled: &[&String], sent: &[&String], told: &[&String]) {
        assert_eq!(handled, sent, "what the server got is not what was sent");
        let mut delivered: Vec<&String> = self.delivered.iter().collect();
        // While an archive is read, what comes is acknowledged and waits, for it is in there.
        if self.blind_deaths > 0 || self.lies() {
            delivered.retain(|body| told.contains(body));
        }
        let mut told = told.to_vec();
        // What such an archive did not tell in time is told when it does.
        if self.server.kind.grudging {
            told.sort_unstable();
            delivered.sort_unstable();
        }
        assert_eq!(told, delivered, "what was told is not what came");
    }

    /// Whether the archive hides or loses something.
    fn lies(&self) -> bool {
        self.server.kind.lies.is_some_and(|lie| lie != Lie::Forges)
    }

    fn is_aside(&self, body: &str) -> bool {
        self.aside.iter().any(|stanza| stanza.contains(&format!(">{body}<")))
    }
}

/// Leaves the first of equal bodies.
fn first_of_each(bodies: &mut Vec<&String>) {
    let mut seen: Vec<&String> = Vec::new();
    for body in std::mem::take(bodies) {
        if !seen.contains(&body) {
            seen.push(body);
        }
    }
    *bodies = seen;
}
