//! `rpc`: any method by its name, for what has no verb of its own.

use std::io::Read;

use serde_json::value::RawValue;
use xmppd_proto::{Failure, jsonrpc};

use crate::client::REQUEST;
use crate::report::Stop;
use crate::session::Session;

/// Call a method of the daemon; `rpc describe` names them all
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The method's name, or `describe`
    method: String,
    /// Its parameters, as a JSON object; from standard input when `-`
    #[arg(value_name = "JSON")]
    params: Option<String>,
}

pub(crate) fn run(args: &Args, session: &Session) -> Result<(), Stop> {
    let method = if args.method == "describe" { "rpc.describe" } else { &args.method };
    let params = match args.params.as_deref() {
        Some("-") => Some(from_stdin()?),
        Some(text) => Some(text.to_owned()),
        None => None,
    };
    let params: Option<Box<RawValue>> = params
        .map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Failure::usage(format!("the parameters are not JSON: {error}")))?;
    let line = jsonrpc::raw_request_line(REQUEST, method, params.as_ref());
    // A line end inside the parameters would end the request.
    let line = format!("{}\n", line.trim_end().replace(['\n', '\r'], " "));
    session.print_request(&line)?;
    let result = session.connect()?.call(&line, session.patience(Some("waiting for the answer …")))?;
    session.print_json(&result)
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    match std::io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::usage(format!("cannot read the parameters: {error}"))),
    }
}
