//! The login that a scripted server can do by itself: STARTTLS, SCRAM-SHA-256 with a right signature, bind.
//!
//! It parses nothing: it looks for the few pieces of text that it needs, so a script stays what decides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Conversation, Outcome};
use crate::certificate::{Certificate, DOMAIN};
use crate::server::people::Person;

const SALT: &[u8] = b"salt of Verona";
const ITERATIONS: u32 = 4096;

impl Conversation {
    /// Answers the client's stream header with one of its own and these features (the inner XML).
    ///
    /// # Errors
    /// A sentence when the client sends something else.
    pub fn open(&mut self, features: &str) -> Outcome {
        self.expect("<stream:stream")?;
        self.expect(">")?;
        self.send(format!(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
             id='scripted' from='{DOMAIN}' version='1.0'><stream:features>{features}</stream:features>"
        ))
    }

    /// Opens the stream and takes it through STARTTLS.
    ///
    /// # Errors
    /// A sentence when the client does otherwise, or refuses the certificate.
    pub fn starttls(&mut self, certificate: &Certificate) -> Outcome {
        self.open("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>")?;
        self.expect("<starttls")?;
        self.expect(">")?;
        self.send("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
        self.secure(certificate)
    }

    /// Logs the person in by SCRAM-SHA-256 and binds a resource, which it gives back; the stream's features after the
    /// login are bind and stream management.
    ///
    /// # Errors
    /// A sentence when the client does otherwise.
    pub fn log_in(&mut self, person: Person) -> Result<String, String> {
        self.authenticate(person)?;
        self.open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>")?;
        let request = self.expect("</iq>")?;
        let id = attribute(&request, "id").ok_or_else(|| format!("a request without id: {request}"))?;
        let resource = between(&request, "<resource>", "</resource>").unwrap_or("scripted").to_owned();
        let jid = format!("{}/{resource}", person.jid());
        self.send(format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{jid}</jid></bind></iq>"
        ))?;
        Ok(resource)
    }

    /// SCRAM-SHA-256 without channel binding, up to and with `<success/>`.
    ///
    /// # Errors
    /// A sentence when the client does otherwise or proves another password.
    pub fn authenticate(&mut self, person: Person) -> Outcome {
        let signature = self.challenge(person)?;
        self.send(success(&signature))
    }

    /// The same up to the client's proof; gives back the signature that proves the server, base64.
    ///
    /// # Errors
    /// As [`Conversation::authenticate`].
    pub fn challenge(&mut self, person: Person) -> Result<String, String> {
        self.open(
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>",
        )?;
        self.expect("<auth")?;
        self.expect(">")?;
        let first = decode(&self.expect("</auth>")?)?;
        let bare = first.splitn(3, ',').nth(2).ok_or_else(|| format!("no client-first message: {first}"))?;
        let nonce = bare.split(",r=").nth(1).ok_or_else(|| format!("no nonce: {first}"))?;
        let server_first = format!("r={nonce}scripted,s={},i={ITERATIONS}", STANDARD.encode(SALT));
        self.send(element("challenge", &server_first))?;
        self.expect("<response")?;
        self.expect(">")?;
        let last = decode(&self.expect("</response>")?)?;
        let (without_proof, proof) = last.rsplit_once(",p=").ok_or_else(|| format!("no proof: {last}"))?;
        let transcript = format!("{bare},{server_first},{without_proof}");
        let (expected, signature) = scram(person.password, &transcript);
        if proof != expected {
            return Err(format!("{} proves another password", person.name));
        }
        Ok(signature)
    }
}

/// `<success/>` with a server's signature, base64.
#[must_use]
pub fn success(signature: &str) -> String {
    element("success", &format!("v={signature}"))
}

/// The client's proof and the server's signature over a transcript, both base64 (RFC 5802 section 3).
fn scram(password: &str, transcript: &str) -> (String, String) {
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), SALT, ITERATIONS, &mut salted);
    let client_key = mac(&salted, b"Client Key");
    let client_signature = mac(&Sha256::digest(client_key), transcript.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(client_signature).map(|(key, signature)| key ^ signature).collect();
    let signature = mac(&mac(&salted, b"Server Key"), transcript.as_bytes());
    (STANDARD.encode(proof), STANDARD.encode(signature))
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn element(name: &str, content: &str) -> String {
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</{name}>", STANDARD.encode(content))
}

fn decode(text: &str) -> Result<String, String> {
    let base64 = text.split('<').next().unwrap_or_default();
    let bytes = STANDARD.decode(base64).map_err(|error| format!("{base64}: {error}"))?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// The value of the first attribute of this name, in either kind of quotes.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let single = between(text, &format!(" {name}='"), "'");
    single.or_else(|| between(text, &format!(" {name}=\""), "\""))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(inner, _)| inner)
}
