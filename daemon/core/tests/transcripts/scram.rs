//! The server's half of SCRAM (RFC 5802), worked out apart from the crate's own, so that both prove each other.
//!
//! ```text
//! {server-first}        nonce, salt and count; any of salt=TEXT i=N h=proven|forged t=TEXT m=TEXT nonce=other changes it
//! {server-final}        the signature, once the client's proof and channel binding are found right
//! {server-final wrong}  the signature of somebody who does not know the password
//! {token-final TOKEN}    the server's proof that it knows the token, once the client's is found right (HT-SHA-256-EXPR)
//! ```

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use xmppd_core::account::Security;
use xmppd_core::sasl::scram::{Derivation, Prohibited, SaltedPassword, derive};
use xmppd_core::secret::Secret;

/// The account's password, as the server knows it.
const PASSWORD: &str = "hunter2";

/// Keys that were derived before: derivation is slow by design, and each transcript is played thousands of times.
#[derive(Default)]
pub(crate) struct Keys {
    ours: RefCell<HashMap<(String, Derivation), SaltedPassword>>,
    servers: RefCell<HashMap<(Digests, String, u32), Vec<u8>>>,
}

impl Keys {
    /// What the shell does when the account wants a key derived.
    pub(crate) fn derive(&self, password: &Secret, derivation: &Derivation) -> Result<SaltedPassword, Prohibited> {
        let index = (password.reveal().to_owned(), derivation.clone());
        if let Some(key) = self.ours.borrow().get(&index) {
            return Ok(key.clone());
        }
        let key = derive(password, derivation)?;
        self.ours.borrow_mut().insert(index, key.clone());
        Ok(key)
    }

    fn servers(&self, digests: Digests, salt: &str, count: u32) -> Vec<u8> {
        let index = (digests, salt.to_owned(), count);
        self.servers.borrow_mut().entry(index).or_insert_with(|| digests.pbkdf2(salt, count)).clone()
    }
}

/// The hash of a mechanism.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Digests {
    #[default]
    Sha1,
    Sha256,
    Sha512,
}

/// One server, and what it has heard.
#[derive(Default)]
pub(crate) struct Server {
    security: Option<Security>,
    offered: String,
    digests: Digests,
    client_first: String,
    token_message: Option<Vec<u8>>,
    client_final: String,
    server_first: String,
    salted: Vec<u8>,
}

impl Server {
    /// TLS stands.
    pub(crate) fn secured(&mut self, security: Option<Security>) {
        self.security = security;
    }

    /// The server has sent this.
    pub(crate) fn said(&mut self, text: &str) {
        if text.contains("<mechanism>") {
            text.clone_into(&mut self.offered);
        }
    }

    /// The client has sent a first message (with a mechanism) or a final one.
    pub(crate) fn heard(&mut self, mechanism: Option<&str>, data: &str) {
        let bytes = STANDARD.decode(data).ok();
        if mechanism.is_some_and(|mechanism| mechanism.starts_with("HT-")) {
            self.token_message = bytes;
            return;
        }
        let message = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let Some(mechanism) = mechanism else {
            self.client_final = message;
            return;
        };
        self.client_first = message;
        self.digests = match mechanism.trim_end_matches("-PLUS") {
            "SCRAM-SHA-512" => Digests::Sha512,
            "SCRAM-SHA-256" => Digests::Sha256,
            _ => Digests::Sha1,
        };
    }

    /// What a placeholder of this module stands for, in base64.
    pub(crate) fn answer(&mut self, words: &str, keys: &Keys) -> Result<String, String> {
        let answer = match words.split_once(' ').unwrap_or((words, "")) {
            ("server-first", options) => self.first(options, keys),
            ("server-final", "wrong") => format!("v={}", STANDARD.encode(self.digests.hash(b"no key"))),
            ("server-final", _) => self.last()?,
            ("token-final", token) => return self.responder(token),
            (other, _) => return Err(format!("nobody knows {{{other}}}")),
        };
        Ok(STANDARD.encode(answer))
    }

    fn responder(&self, token: &str) -> Result<String, String> {
        let binding = self.security.as_ref().and_then(|security| security.exporter).ok_or("no exporter")?;
        let proof = |role: &[u8]| mac::<Hmac<Sha256>>(token.as_bytes(), &[role, &binding].concat());
        if self.token_message.as_deref() != Some(&[b"romeo\0".as_slice(), &proof(b"Initiator")].concat()) {
            return Err("the client's proof of the token is wrong".into());
        }
        Ok(STANDARD.encode(proof(b"Responder")))
    }

    fn first(&mut self, options: &str, keys: &Keys) -> String {
        let option = |name: &str| {
            options.split(' ').find_map(|option| option.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let ours = self.client_first.rsplit("r=").next().unwrap_or_default();
        let nonce = if option("nonce").is_some() { "another3rfcNHYJ".into() } else { format!("{ours}3rfcNHYJ") };
        let salt = option("salt").unwrap_or_else(|| "salt of verona".into());
        let count = option("i").unwrap_or_else(|| "4096".into());
        let mut first = option("m").map(|text| format!("m={text},")).unwrap_or_default();
        first += &format!("r={nonce},s={},i={count}", STANDARD.encode(&salt));
        match option("h").as_deref() {
            Some("proven") => first += &format!(",h={}", STANDARD.encode(self.digests.hash(self.lists("").as_bytes()))),
            Some(_) => first += &format!(",h={}", STANDARD.encode(self.digests.hash(self.lists("X").as_bytes()))),
            None => {}
        }
        if let Some(version) = option("t") {
            first += &format!(",t={version}");
        }
        if let Some(count) = count.parse().ok().filter(|count| (1..=1_000_000).contains(count)) {
            self.salted = keys.servers(self.digests, &salt, count);
        }
        first.clone_into(&mut self.server_first);
        first
    }

    /// The signature, for a client that has proven itself.
    fn last(&self) -> Result<String, String> {
        let bare = self.client_first.splitn(3, ',').nth(2).unwrap_or_default();
        let (without_proof, proof) = self.client_final.split_once(",p=").ok_or("no proof")?;
        let message = format!("{bare},{},{without_proof}", self.server_first);
        let nonce = self.server_first.strip_prefix("r=").and_then(|rest| rest.split(',').next()).ok_or("no nonce")?;
        let expected = format!("c={},r={nonce}", STANDARD.encode(self.channel()));
        if without_proof != expected {
            return Err(format!("the client's final message is {without_proof}, not {expected}"));
        }
        let client_key = self.digests.hmac(&self.salted, b"Client Key");
        let stored_key = self.digests.hash(&client_key);
        let signature = self.digests.hmac(&stored_key, message.as_bytes());
        let right: Vec<u8> = client_key.iter().zip(signature).map(|(key, signed)| key ^ signed).collect();
        if proof != STANDARD.encode(right) {
            return Err("the client's proof is wrong".into());
        }
        let server_key = self.digests.hmac(&self.salted, b"Server Key");
        Ok(format!("v={}", STANDARD.encode(self.digests.hmac(&server_key, message.as_bytes()))))
    }

    /// The header of the first message and the binding that it names.
    fn channel(&self) -> Vec<u8> {
        let header = self.client_first.split(',').next().unwrap_or_default();
        let mut channel = format!("{header},,").into_bytes();
        let security = self.security.as_ref();
        match header {
            "p=tls-exporter" => channel.extend(security.and_then(|security| security.exporter).unwrap_or_default()),
            "p=tls-server-end-point" => {
                channel.extend(security.and_then(|security| security.end_point.clone()).unwrap_or_default());
            }
            _ => {}
        }
        channel
    }

    /// XEP-0474's text, over the lists that were offered and one name more.
    fn lists(&self, more: &str) -> String {
        let between = |start: &str, end: char| {
            let parts = self.offered.split(start).skip(1);
            let mut names: Vec<String> = parts.filter_map(|part| part.split(end).next()).map(str::to_owned).collect();
            names.sort_unstable();
            names
        };
        let mut mechanisms = between("<mechanism>", '<');
        if !more.is_empty() {
            mechanisms.push(more.to_owned());
        }
        let types = between("<channel-binding type='", '\'');
        let lists = [mechanisms, types].map(|names| names.join("\u{1e}"));
        lists.join("\u{1f}").trim_end_matches('\u{1f}').to_owned()
    }
}

impl Digests {
    fn hash(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => mac::<Hmac<Sha1>>(key, data),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, data),
            Self::Sha512 => mac::<Hmac<Sha512>>(key, data),
        }
    }

    /// RFC 8018 section 5.2, for a key as long as the hash.
    fn pbkdf2(self, salt: &str, count: u32) -> Vec<u8> {
        let first = [salt.as_bytes(), &[0, 0, 0, 1]].concat();
        let mut round = self.hmac(PASSWORD.as_bytes(), &first);
        let mut key = round.clone();
        for _ in 1..count {
            round = self.hmac(PASSWORD.as_bytes(), &round);
            key.iter_mut().zip(&round).for_each(|(key, round)| *key ^= round);
        }
        key
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}
