//! What players post of themselves: who is let in, and what a body says. The listener is the face's, what becomes of a
//! post the chooser's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use xmppd_core::players::{Post, fields};
use xmppd_core::secret::Secret;
use xmppd_proto::{Failure, Kind};

use super::desk::Desk;
use crate::config;
use crate::secret;

/// More values than this are not looked at.
const MAX_VALUES: usize = 256;

/// What is posted.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    /// What the body is.
    pub(crate) form: Form,
    /// As it came.
    pub(crate) body: Vec<u8>,
    /// How long it is believed when it does not say itself.
    pub(crate) patience: Duration,
}

/// The two kinds of bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The fields of a form, URL-encoded.
    Fields,
    /// A JSON object.
    Json,
}

/// What the configuration wants of the webhook.
#[derive(Clone, Debug)]
pub(crate) enum Doorway {
    /// None.
    Walled,
    /// One that cannot be opened; why.
    Barred(String),
    /// A listener.
    Door(Arc<Door>),
}

/// Where is listened, and who is let in.
#[derive(Debug)]
pub(crate) struct Door {
    /// The address of the listener.
    pub(crate) listen: SocketAddr,
    /// The path that is posted to.
    pub(crate) path: String,
    /// How long a post is believed when it does not say itself.
    pub(crate) patience: Duration,
    token: Secret,
}

/// Opens and closes the webhook, and knows how it is.
#[derive(Debug)]
pub(crate) struct Doorkeeper {
    /// What is wanted of it.
    pub(crate) doorway: watch::Sender<Doorway>,
    /// How it is.
    pub(crate) state: watch::Receiver<WebhookState>,
}

/// How the webhook is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WebhookState {
    /// The configuration has none.
    Off,
    /// It is listened at this address.
    Open {
        /// As players are told it.
        address: String,
    },
    /// It should be there and is not.
    Closed {
        /// Why.
        reason: String,
    },
}

impl Doorway {
    /// What the configuration says. Reads the token's file.
    pub(crate) fn of(webhook: Option<&config::Webhook>) -> Self {
        let Some(webhook) = webhook else { return Self::Walled };
        let config::Webhook { listen, path, expire, token_file } = webhook.clone();
        match secret::token(&token_file) {
            Ok(token) => Self::Door(Arc::new(Door { listen, path, patience: expire, token })),
            Err(error) => Self::Barred(format!("{error} ({})", error.hint())),
        }
    }
}

impl Door {
    #[cfg(test)]
    pub(crate) fn new(listen: SocketAddr, path: &str, token: &str) -> Self {
        let (path, token) = (path.to_owned(), Secret::new(token.to_owned()));
        Self { listen, path, patience: Duration::from_secs(900), token }
    }

    /// As players are told it.
    pub(crate) fn address(&self) -> String {
        format!("http://{}{}", self.listen, self.path)
    }

    /// Whether this is the token.
    pub(crate) fn opens_to(&self, token: &[u8]) -> bool {
        self.token.is(token)
    }

    /// Whether this names the listener, as clients write it (RFC 9110 section 7.2).
    pub(crate) fn is_host(&self, host: &[u8]) -> bool {
        let whole = self.listen.to_string();
        let short = whole.strip_suffix(":80").filter(|_| self.listen.port() == 80);
        host == whole.as_bytes() || short.is_some_and(|short| host == short.as_bytes())
    }
}

impl Desk {
    pub(super) async fn post(&self, posted: Posted) -> Result<(), Failure> {
        let read = match posted.form {
            Form::Fields => fields(&posted.body).ok_or("the form is not UTF-8"),
            Form::Json => flat(&posted.body),
        };
        let read = read.map_err(Failure::usage)?;
        let post = Post::read(&read).map_err(|error| Failure::usage(error.to_string()))?;
        let ending = |_| Failure::new(Kind::NoDaemon, "the daemon is ending");
        self.players.post(post, posted.patience).await.map_err(ending)
    }
}

/// The values of a JSON object, each named by its way from the top: `song[0][title]`.
fn flat(body: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    if !value.is_object() {
        return Err("the body is no JSON object");
    }
    let mut read = Vec::new();
    flatten(String::new(), value, &mut read);
    Ok(read)
}

/// Goes no deeper than the parser did, which stops at 128.
fn flatten(name: String, value: Value, into: &mut Vec<(String, String)>) {
    if into.len() >= MAX_VALUES {
        return;
    }
    match value {
        Value::Null => into.push((name, String::new())),
        Value::Bool(flag) => into.push((name, flag.to_string())),
        Value::Number(number) => into.push((name, number.to_string())),
        Value::String(text) => into.push((name, text)),
        Value::Array(items) => {
            for (place, item) in items.into_iter().enumerate() {
                flatten(format!("{name}[{place}]"), item, into);
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                flatten(format!("{name}[{key}]"), item, into);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_json_object_becomes_fields_and_nothing_else_does() {
        let check = |body: &str, expected: Result<&[(&str, &str)], &str>| {
            let read = flat(body.as_bytes());
            let read: Result<Vec<(&str, &str)>, &str> = match &read {
                Ok(read) => Ok(read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()),
                Err(error) => Err(error),
            };
            assert_eq!(read.as_deref(), expected.as_ref().copied(), "{body}");
        };
        check("{}", Ok(&[]));
        check(
            r#"{"title":"A","length":4.5,"playing":true,"artist":null}"#,
            Ok(&[("[artist]", ""), ("[length]", "4.5"), ("[playing]", "true"), ("[title]", "A")]),
        );
        check(r#"{"Song":[{"Title":"A"}]}"#, Ok(&[("[Song][0][Title]", "A")]));
        for (wrong, reason) in [
            ("", "the body is not JSON"),
            ("[]", "the body is no JSON object"),
            ("\"a\"", "the body is no JSON object"),
            ("{\"a\":\"\\ud800\"}", "the body is not JSON"),
        ] {
            check(wrong, Err(reason));
        }
        assert!(flat(b"{\"a\":\"\xff\"}").is_err());
        assert!(flat(format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500)).as_bytes()).is_err());
        let many = format!("{{\"a\":[{}1]}}", "1,".repeat(5000));
        assert_eq!(flat(many.as_bytes()).unwrap().len(), MAX_VALUES);
    }

    #[test]
    fn the_listener_is_named_by_its_address_alone() {
        let door = |listen: &str| Door::new(listen.parse().unwrap(), "/", "0123456789abcdef");
        let check =
            |listen, host: &str, expected| assert_eq!(door(listen).is_host(host.as_bytes()), expected, "{host}");
        check("127.0.0.1:8080", "127.0.0.1:8080", true);
        check("[::1]:8080", "[::1]:8080", true);
        check("127.0.0.1:80", "127.0.0.1", true);
        for host in [
            "127.0.0.1",
            "localhost:8080",
            "127.0.0.1:80",
            "127.0.0.1:8080.",
            "attacker.example:8080",
            "",
            "127.0.0.1:08080",
        ] {
            check("127.0.0.1:8080", host, false);
        }
    }
}
