//! The server's side of a login, by the password or by a token, and all that one request may ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use xmppd_core::xml::{Element, Limits, Reader};

use super::{ACCOUNT, SM, Server, Stage, enabled, returns};

impl Server<'_> {
    pub(super) fn authenticate(&mut self, element: &Element) {
        let mechanism = element.attr("mechanism").expect("a mechanism").to_owned();
        let initial = element.child("initial-response", "urn:xmpp:sasl:2").unwrap_or(element).text();
        let link = self.link.as_mut().expect("somebody is there");
        link.request = Some(element.clone());
        if mechanism.starts_with("HT-") {
            return self.by_token(&initial);
        }
        link.scram.heard(Some(&mechanism), &initial);
        let first = link.scram.answer("server-first", self.keys).expect("a first message");
        let namespace = element.namespace().to_owned();
        self.say(&format!("<challenge xmlns='{namespace}'>{first}</challenge>"));
    }

    fn by_token(&mut self, initial: &str) {
        let link = self.link.as_ref().expect("somebody is there");
        let binding = link.security.as_ref().and_then(|security| security.exporter).expect("an exporter");
        let message = STANDARD.decode(initial).expect("base64");
        let proof = message.strip_prefix(b"romeo\0").expect("the account's name");
        let right = self.tokens.iter().position(|token| mac(token, b"Initiator", &binding) == proof);
        let Some(place) = right else {
            let failure = "<failure xmlns='urn:xmpp:sasl:2'>\
                           <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";
            return self.say(failure);
        };
        self.token_logins += 1;
        let proof = mac(&self.tokens[place], b"Responder", &binding);
        // What was issued before the token that works is of no use any more.
        self.tokens.drain(..place);
        self.succeed(&STANDARD.encode(proof));
    }

    pub(super) fn prove(&mut self, element: &Element) {
        let link = self.link.as_mut().expect("somebody is there");
        link.scram.heard(None, &element.text());
        let last = link.scram.answer("server-final", self.keys).expect("the client has proven itself");
        if element.namespace() == "urn:xmpp:sasl:2" {
            return self.succeed(&last);
        }
        self.say(&format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{last}</success>"));
        let link = self.link.as_mut().expect("somebody is there");
        link.reader = Reader::new(Limits::AFTER_LOGIN);
        link.stage = Stage::Proven;
    }

    /// Does all that the one request asked for.
    fn succeed(&mut self, proof: &str) {
        let request = self.link.as_mut().and_then(|link| link.request.take()).expect("a request");
        let mut inside = format!("<additional-data>{proof}</additional-data>");
        let by_token = request.child("fast", "urn:xmpp:fast:0").is_some();
        let wants_token = request.child("request-token", "urn:xmpp:fast:0").is_some();
        // Every third login by a token brings another one.
        if wants_token || by_token && self.token_logins.is_multiple_of(3) {
            self.issued += 1;
            self.tokens.push(format!("token-{}", self.issued));
            inside += &format!("<token xmlns='urn:xmpp:fast:0' token='token-{}'/>", self.issued);
        }
        let resume = request.child("resume", SM);
        let resumed = resume.and_then(|resume| self.resume(resume));
        if let Some(resumed) = &resumed {
            inside += &format!("<authorization-identifier>{ACCOUNT}</authorization-identifier>{resumed}");
        } else {
            if let Some(resume) = resume {
                inside += &self.failed(resume);
            }
            let bind = request.child("bind", "urn:xmpp:bind:0").expect("a session is wanted");
            self.begin_session();
            if self.kind.archive && self.kind.clears {
                self.mailbox.retain(|message| returns::is_error(message));
            }
            let session = self.session.as_mut().expect("it has begun");
            session.managed = bind.child("enable", SM).is_some();
            let enabled = if session.managed { enabled(&session.id) } else { String::new() };
            inside += &format!(
                "<authorization-identifier>{ACCOUNT}/xmppd.1</authorization-identifier>\
                 <bound xmlns='urn:xmpp:bind:0'>{enabled}</bound>"
            );
        }
        self.link.as_mut().expect("somebody is there").stage = Stage::Bound;
        self.say(&format!("<success xmlns='urn:xmpp:sasl:2'>{inside}</success>"));
        if resumed.is_none() || self.kind.talkative {
            self.offer();
        }
        if resumed.is_some() {
            self.repeat();
        }
    }
}

fn mac(token: &str, role: &[u8], binding: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(role);
    mac.update(binding);
    mac.finalize().into_bytes().to_vec()
}
