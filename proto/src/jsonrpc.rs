//! JSON-RPC 2.0 frames, one object a line. Carrying the lines is left to both programs, and what a method means to
//! [`crate::request`].
//!
//! Parameters and results stay raw text until the method's own type reads them, so a deeply nested or repetitive
//! value is refused by that type and costs nothing before.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::reply::XmlFrame;
use crate::{Call, Failure, Kind};

/// The most bytes that the daemon takes in one line, the newline not counted: 1 MiB. Its answers may be longer.
pub const MAX_LINE: usize = 1 << 20;

/// The method of the notifications that carry an [`crate::Event`].
pub const EVENT: &str = "event";

/// The method of the notifications that carry a [`crate::reply::XmlFrame`].
pub const XML: &str = "xml";

/// JSON-RPC's own error codes (specification, section 5.1).
pub mod code {
    /// The line is not JSON.
    pub const PARSE_ERROR: i32 = -32_700;
    /// The JSON is no request.
    pub const INVALID_REQUEST: i32 = -32_600;
    /// There is no such method.
    pub const METHOD_NOT_FOUND: i32 = -32_601;
    /// The parameters are not the method's.
    pub const INVALID_PARAMS: i32 = -32_602;
    /// The daemon failed to make an answer.
    pub const INTERNAL_ERROR: i32 = -32_603;
}

/// What an answer is matched to its request by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// `null`: also what is answered where no id could be read.
    Null,
}

/// An error object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// A standard code, or a row of the exit table.
    pub code: i32,
    /// What happened, for a person.
    pub message: String,
    /// The same as the exit table words it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<Failure>>,
}

/// A request as the daemon reads it; a notification when it has no id.
#[derive(Clone, Debug)]
pub struct Incoming<'a> {
    /// What to answer to; nothing is answered without one.
    pub id: Option<Id>,
    /// The method's name.
    pub method: String,
    /// Its parameters.
    pub params: Option<&'a RawValue>,
}

/// A line that is no request, and whom to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The request's id where it could be read.
    pub id: Id,
    /// What is wrong.
    pub error: Error,
}

/// A line as a client reads it.
#[derive(Clone, Debug)]
pub enum FromDaemon {
    /// The answer to a request.
    Response {
        /// Whose answer it is.
        id: Id,
        /// The result's text, or why there is none.
        outcome: Result<Box<RawValue>, Error>,
    },
    /// An event or another thing that nobody asked for.
    Notification {
        /// What it is.
        method: String,
        /// Its content's text.
        params: Option<Box<RawValue>>,
    },
}

impl Error {
    /// An error of the protocol itself, see [`code`].
    pub fn standard(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// There is no such method.
    pub fn method_not_found(method: &str) -> Self {
        let failure = Failure::usage(format!("there is no method `{}`", shortened(method)))
            .with_hint("`xmppctl rpc describe` names them");
        Self { code: code::METHOD_NOT_FOUND, message: failure.message.clone(), data: Some(Box::new(failure)) }
    }

    /// The parameters are not the method's.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        let failure = Failure::usage(message);
        Self { code: code::INVALID_PARAMS, message: failure.message.clone(), data: Some(Box::new(failure)) }
    }

    /// The row of the exit table.
    pub fn failure(self) -> Failure {
        let Self { code, message, data } = self;
        data.map(|failure| *failure)
            .unwrap_or_else(|| Failure::new(Kind::from_rpc_code(code).unwrap_or(Kind::Unexpected), message))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self { code: failure.kind.rpc_code(), message: failure.message.clone(), data: Some(Box::new(failure)) }
    }
}

impl<'a> Incoming<'a> {
    /// Reads one line, without its newline. Batches are refused, members that JSON-RPC does not know are ignored.
    pub fn parse(line: &'a [u8]) -> Result<Self, Refusal> {
        let refuse = |id: Id, code: i32, message: String| Refusal { id, error: Error::standard(code, message) };
        if line.len() > MAX_LINE {
            return Err(refuse(Id::Null, code::INVALID_REQUEST, "a request is at most 1 MiB long".to_owned()));
        }
        let not_json = |why: String| refuse(Id::Null, code::PARSE_ERROR, format!("not JSON: {why}"));
        let text = std::str::from_utf8(line).map_err(|error| not_json(error.to_string()))?;
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| not_json(error.to_string()))?;
        let invalid = |id: Id, message: &str| refuse(id, code::INVALID_REQUEST, message.to_owned());
        if !whole.get().starts_with('{') {
            return Err(invalid(Id::Null, "a request is one object; batches are not supported"));
        }
        let members: Members<'_> = serde_json::from_str(whole.get())
            .map_err(|error| refuse(Id::Null, code::INVALID_REQUEST, error.to_string()))?;
        let id = match members.id {
            Some(id) => Some(
                serde_json::from_str(id.get()).map_err(|_| invalid(Id::Null, "`id` is a number, a text or null"))?,
            ),
            None => None,
        };
        let asker = id.clone().unwrap_or(Id::Null);
        if text_of(members.jsonrpc).as_deref() != Some("2.0") {
            return Err(invalid(asker, "`jsonrpc` is \"2.0\""));
        }
        match text_of(members.method) {
            Some(method) => Ok(Self { id, method: method.into_owned(), params: members.params }),
            None => Err(invalid(asker, "`method` is a text")),
        }
    }
}

impl FromDaemon {
    /// Reads one line, without its newline. The error says what is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let members: Answer = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        match members {
            Answer { method: Some(method), params, .. } => Ok(Self::Notification { method, params }),
            Answer { error: Some(error), id, .. } => {
                Ok(Self::Response { id: id.unwrap_or(Id::Null), outcome: Err(error) })
            }
            Answer { result: Some(result), id: Some(id), .. } => Ok(Self::Response { id, outcome: Ok(result) }),
            Answer { .. } => Err("neither a response nor a notification".to_owned()),
        }
    }
}

/// The line, newline included, that calls a method.
pub fn request_line<C: Call>(id: u64, call: &C) -> String {
    raw_request_line(id, C::METHOD, Some(call))
}

/// The same for a method and parameters that only the daemon knows.
pub fn raw_request_line<P: Serialize>(id: u64, method: &str, params: Option<&P>) -> String {
    line(&Outgoing { jsonrpc: "2.0", id: Some(id), method, params })
}

/// The line, newline included, that tells an event; see [`crate::Event`] and [`crate::Snapshot`].
pub fn event_line<E: Serialize>(event: &E) -> String {
    line(&Outgoing { jsonrpc: "2.0", id: None, method: EVENT, params: Some(event) })
}

/// The line, newline included, that tells what crossed an account's wire.
pub fn xml_line(frame: &XmlFrame) -> String {
    line(&Outgoing { jsonrpc: "2.0", id: None, method: XML, params: Some(frame) })
}

/// The line, newline included, that answers a request.
pub fn result_line<R: Serialize>(id: &Id, result: &R) -> String {
    line(&Response { jsonrpc: "2.0", id, result: Some(result), error: None })
}

/// The line, newline included, that says why a request has no result.
pub fn error_line(id: &Id, error: &Error) -> String {
    line(&Response::<()> { jsonrpc: "2.0", id, result: None, error: Some(error) })
}

#[derive(Serialize)]
struct Outgoing<'a, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a P>,
}

#[derive(Serialize)]
struct Response<'a, R> {
    jsonrpc: &'static str,
    id: &'a Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Error>,
}

/// A request's members, each still raw so that one bad member does not hide the others.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<Error>,
}

/// Reads a member that is there, also when it is `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn text_of(member: Option<&RawValue>) -> Option<Cow<'_, str>> {
    serde_json::from_str::<String>(member?.get()).ok().map(Cow::Owned)
}

fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn line<T: Serialize>(frame: &T) -> String {
    let mut line = serde_json::to_string(frame).expect("our types have text keys and finite numbers");
    line.push('\n');
    line
}
