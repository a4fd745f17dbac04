//! What must be true in the end.

use xmppd_core::account::{Outcome, Ticket};

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
            | Outcome::Unknown
            | Outcome::Unsupported
            | Outcome::Done => {
                panic!("{body}: {outcome:?}")
            }
        }
    }

    /// Nothing is lost, nothing is doubled, and all is in order.
    pub(crate) fn check(&self) {
        let sent: Vec<&String> = self.accepted.iter().filter(|body| !self.refused.contains(body)).collect();
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
        if self.server.forgotten > 0 && !self.server.kind.archive {
            // Where nothing says how far the server came, a message may come twice.
            first_of_each(&mut handled);
            first_of_each(&mut told);
        }
        if !self.server.kind.managed {
            // Nobody knows what became of what was under way, and after a death it may come again.
            first_of_each(&mut handled);
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
        if self.blind_deaths > 0 {
            delivered.retain(|body| told.contains(body));
        }
        assert_eq!(told, delivered, "what was told is not what came");
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
