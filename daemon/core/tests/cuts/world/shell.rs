//! The shell around the account: what it is handed, and what becomes of what comes out.

use xmppd_core::account::{Connected, Event, HangUp, Input, Output};
use xmppd_core::secret::Secret;
use xmppd_core::time::{Moment, Now, Wall};

use super::disk::Asked;
use super::parts::security;
use super::{LATE, Way, World};

impl World<'_> {
    pub(super) fn handle(&mut self, input: Input<'_>) {
        let wall = Wall::from_unix_millis(1_790_000_000_000 + i64::try_from(self.clock).expect("a time"));
        self.server.clock = wall;
        self.account.handle(Now { moment: Moment::from_millis(self.clock), wall }, input);
        while let Some(output) = self.account.poll() {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Dial(_) => {
                assert!(!self.connected, "it dials twice");
                self.connected = true;
                if self.clock >= self.lost_at + 600_000 {
                    self.server.forget();
                }
                if self.clock >= self.lost_at + LATE {
                    self.server.catch_up();
                }
                let security = self.server.kind.direct.then(security);
                self.server.connected(security.clone());
                let (server, round_trips) = ("chat.verona.example:5223".into(), 2);
                let connected = Connected { security, server, seed: [9; 32], round_trips };
                self.inputs.push_back(Input::Connected(connected));
            }
            Output::StartTls => {
                self.server.secured(security());
                self.inputs.push_back(Input::Secured(security()));
            }
            Output::NeedSecret => self.inputs.push_back(Input::Secret(Ok(Secret::new("hunter2".into())))),
            Output::Derive(secret, derivation) => {
                let key = self.keys.derive(&secret, &derivation);
                self.inputs.push_back(Input::Derived(key));
            }
            Output::Write(bytes) => {
                assert!(!self.hanging_up, "it writes behind the end of its connection");
                let is_unaware = self.inputs.iter().any(|input| matches!(input, Input::Lost(_)));
                assert!(self.connected || is_unaware, "it writes without a connection");
                self.note_written(&bytes);
                if self.connected {
                    self.to_server.extend(bytes);
                }
            }
            Output::HangUp(how) => {
                self.hanging_up = self.connected;
                self.inputs.clear();
                if how == HangUp::Abrupt || self.to_server.is_empty() {
                    self.break_connection();
                } else {
                    // What is written goes out before anything else happens.
                    while self.hanging_up && self.carry(Way::ToServer, usize::MAX) {}
                }
            }
            Output::Store(ticket, change) => {
                self.note_change(&change);
                self.stores.push_back(Asked::Keep(ticket, change));
            }
            Output::Load(most) => self.stores.push_back(Asked::Load(most)),
            Output::Reply(ticket, outcome) => self.replied(ticket, &outcome),
            Output::Event(Event::Link(report)) => self.state = report.state,
            Output::Event(Event::Message(message)) => self.told.extend(message.body),
            Output::Event(Event::SetAside(id, aside, reason)) => self.note_aside(&id, aside, &reason),
            Output::Event(Event::Mistrusted) => self.mistrusted = true,
            Output::Event(_) => {}
        }
    }
}
