//! What must be true in the end.

use xmppd_core::account::OnUncertain;

use super::super::server::Lie;
use super::World;

impl World<'_> {
    /// Nothing is lost, nothing is doubled, and all is in order.
    pub(crate) fn check(&self) {
        let mut sent: Vec<&String> = self.accepted.iter().filter(|body| !self.refused.contains(body)).collect();
        let mut handled: Vec<&String> = self.server.handled.iter().collect();
        let mut told: Vec<&String> = self.told.iter().collect();
        let lies = self.server.kind.lies.is_some_and(|lie| lie != Lie::Forges);
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
        assert_eq!(handled, sent, "what the server got is not what was sent");
        let mut delivered: Vec<&String> = self.delivered.iter().collect();
        // While an archive is read, what comes is acknowledged and waits, for it is in there.
        if self.blind_deaths > 0 || lies {
            delivered.retain(|body| told.contains(body));
        }
        assert_eq!(told, delivered, "what was told is not what came");
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
