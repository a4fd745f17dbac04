//! What ejabberd is told: its configuration, and its accounts and rosters as calls that it makes at its start.
//!
//! It runs as a node without a name, so that there is no port mapper, no cookie and no second node to talk to.

use std::path::Path;
use std::process::Command;

use super::ROOMS;
use super::people::{CONTACTS, PEOPLE};
use super::place::Place;
use super::{Archive, Log, MAX_FILE, Setup};
use crate::certificate::DOMAIN;
use crate::process::Folder;

/// What its log says once the accounts are there.
pub(super) const READY: &str = "xmppd-tests: the accounts are there";

/// Makes a module that answers in the place of the one that has the archive.
const HIDDEN_ARCHIVE: &str = r#"Form = fun(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text), {ok, Parsed} = erl_parse:parse_form(Tokens), Parsed end,
{ok, Hidden, Code} = compile:forms([Form("-module(hidden_archive)."), Form("-export([process/1])."),
    Form("process(IQ) -> xmpp:make_iq_result(IQ, {xmlel, <<\"fin\">>,
        [{<<\"xmlns\">>, <<\"urn:xmpp:mam:2\">>}, {<<\"complete\">>, <<\"true\">>}],
        [{xmlel, <<\"set\">>, [{<<\"xmlns\">>, <<\"http://jabber.org/protocol/rsm\">>}],
        [{xmlel, <<\"count\">>, [], [{xmlcdata, <<\"0\">>}]}]}]}).")]),
{module, Hidden} = code:load_binary(Hidden, "hidden", Code),
ok = gen_iq_handler:add_iq_handler(ejabberd_sm, <<"verona.example">>, <<"urn:xmpp:mam:2">>, Hidden, process),
"#;

/// Writes the configuration. Tests read the log as the witness of the wire: its default limit of 500 lines a second
/// would leave lines out.
pub(super) fn write(setup: &Setup, folder: &Folder) {
    let path = setup.folder.display();
    let (starttls, direct) = (setup.starttls, setup.direct);
    let log = match setup.log {
        Log::All => "debug",
        Log::Little => "info",
    };
    let archive = match setup.archive {
        Archive::Kept | Archive::Hidden => "  mod_mam: {default: always}\n",
        Archive::Absent => "",
    };
    let (certificates, listener, module) = setup.web.map(|port| web(port, &path.to_string())).unwrap_or_default();
    let configuration = format!(
        r#"hosts: [{DOMAIN}]
loglevel: {log}
log_burst_limit_count: 1000000
certfiles: ["{path}/certificate.pem", "{path}/key.pem"{certificates}]
listen:
  - {{port: {starttls}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true}}
  - {{port: {direct}, ip: "127.0.0.1", module: ejabberd_c2s, tls: true}}
{listener}auth_method: internal
auth_password_format: scram
auth_scram_hash: sha256
disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
modules:
  mod_adhoc: {{}}
  mod_auth_fast: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}
  mod_last: {{}}
{archive}  mod_muc: {{host: "{ROOMS}", default_room_options: {{mam: true, persistent: true, anonymous: false, allow_user_invites: true}}}}
  mod_offline: {{}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_pubsub: {{plugins: [flat, pep]}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline}}
  mod_time: {{}}
  mod_vcard: {{}}
  mod_version: {{}}
{module}"#
    );
    folder.write("ejabberd.yml", &configuration);
}

/// The web server and the module that takes files over it: more certificates, a listener, a module.
fn web(port: u16, path: &str) -> (String, String, String) {
    let handler = "request_handlers: {/upload: mod_http_upload}";
    let place = format!("put_url: \"https://localhost:{port}/upload\", docroot: \"{path}/upload\"");
    (
        format!(", \"{path}/web.pem\", \"{path}/web-key.pem\""),
        format!("  - {{port: {port}, ip: \"127.0.0.1\", module: ejabberd_http, tls: true, {handler}}}\n"),
        format!("  mod_http_upload: {{{place}, max_size: {MAX_FILE}, access: all}}\n"),
    )
}

/// The command that runs it in the foreground.
pub(super) fn command(place: &Place, setup: &Setup, folder: &Path) -> Command {
    let mut command = place.command(folder, "/usr/bin/erl");
    command
        .env("EJABBERD_CONFIG_PATH", setup.folder.join("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", setup.folder.join("ejabberd.log"))
        .env("ERL_CRASH_DUMP", "/dev/null")
        .env("ERL_LIBS", libraries(place.root()))
        .args(["-noinput", "-mnesia", "dir"])
        .arg(format!("\"{}\"", setup.folder.join("mnesia").display()))
        .args(["-s", "ejabberd", "-eval", &calls(setup.archive)]);
    command
}

/// The folder of Debian's Erlang libraries: its name has the machine's architecture.
fn libraries(root: &Path) -> String {
    let folders = std::fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten();
    let names = folders.filter_map(|folder| folder.file_name().into_string().ok());
    let name = names.into_iter().find(|name| name.ends_with("-linux-gnu")).unwrap_or_default();
    format!("/usr/lib/{name}")
}

/// Erlang that makes the accounts and rosters; after a restart they are there and the same calls change nothing.
fn calls(archive: Archive) -> String {
    let host = binary(DOMAIN);
    let mut calls = String::new();
    for person in PEOPLE {
        let (name, password) = (binary(person.name), binary(person.password));
        calls.push_str(&format!("ejabberd_auth:try_register({name}, {host}, {password}), "));
    }
    for (owner, contact, group) in CONTACTS {
        let (owner, name, group) = (binary(owner.name), binary(contact.name), binary(group));
        calls.push_str(&format!(
            "ok = mod_admin_extra:add_rosteritem({owner}, {host}, {name}, {host}, {name}, [{group}], <<\"both\">>), "
        ));
    }
    if archive == Archive::Hidden {
        calls.push_str(HIDDEN_ARCHIVE);
    }
    format!("{calls}io:format(\"{READY}~n\").")
}

/// An Erlang binary, byte by byte, so that nothing needs quoting.
fn binary(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    format!("<<{}>>", bytes.join(","))
}
