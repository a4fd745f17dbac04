//! What each key means: every value checked, every fault noted, nothing guessed.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;
use xmppd_core::players::{Pattern, PatternError};
use xmppd_core::secret::Secret;
use xmppd_core::template::Template;

use super::problem::Fault;
use super::reader::{Section, shown};
use super::words;
use super::{Account, Config, Messages, PasswordSource, Presence, Tune, Webhook, duration};
use crate::places::Environment;

/// Where players post to when the configuration does not say.
const ROUTE: &str = "/tune";
/// How long a post is believed when neither it nor the configuration says: longer than nearly every song.
const EXPIRE: Duration = Duration::from_secs(15 * 60);

const DURATION: &str = "a duration such as 90s, 25m, 1h30m or 2d";
const POSITIVE: &str = "a duration above zero such as 90s, 25m, 1h30m or 2d";
const PATH: &str = "a path that is absolute or begins with ~/";
const SHOW: &str = "one of online, chat, away, xa, dnd, offline, invisible";

/// What the checks need to know beside the text.
pub(super) struct Surroundings<'a> {
    /// Tells where `~/` is.
    pub(super) environment: &'a Environment,
    /// Whether the file belongs to this user and no one else can read or write it.
    pub(super) is_private: bool,
}

/// The configuration of a document, or all its faults.
pub(super) fn check(document: &DeTable<'_>, around: &Surroundings<'_>) -> Result<Config, Vec<Fault>> {
    let mut root = Section::document(document);
    let accounts = accounts(&mut root, around);
    let presence = presence(&mut root);
    let tune = tune(&mut root, around);
    let webhook = webhook(&mut root, around);
    let messages = messages(&mut root);
    let faults = root.finish();
    if faults.is_empty() { Ok(Config { accounts, presence, tune, webhook, messages }) } else { Err(faults) }
}

fn accounts(root: &mut Section<'_>, around: &Surroundings<'_>) -> Vec<Account> {
    let mut accounts: Vec<Account> = Vec::new();
    for mut section in root.sections("account") {
        if let Some(account) = account(&mut section, around) {
            if accounts.iter().any(|other| other.name == account.name) {
                let key = if section.has("name") { "name" } else { "jid" };
                section.fault(key, format!("there is another account with the name {}", shown(&account.name)));
            }
            accounts.push(account);
        }
        root.absorb(section);
    }
    accounts
}

fn account(section: &mut Section<'_>, around: &Surroundings<'_>) -> Option<Account> {
    let name = section.parsed("name", "a name without spaces, and not \"all\"", words::account_name);
    let address = section.parsed("jid", "a JID such as romeo@verona.example", words::account_jid);
    if !section.has("jid") {
        section.fault("jid", "is missing");
    }
    let password = password(section, around);
    let server = section.parsed("server", "HOST:PORT, such as chat.verona.example:5222", words::server);
    let tls = section.parsed("tls", "one of auto, direct, starttls", words::tls_policy).unwrap_or_default();
    let ca_file = path(section, "ca-file", around);
    let readable = |path: &PathBuf| File::open(path).and_then(|mut file| file.read(&mut [0]));
    if let Some(Err(error)) = ca_file.as_ref().map(readable) {
        section.fault("ca-file", format!("cannot be read: {error}"));
    }
    let priority = section.number("priority", "an integer from -128 to 127").unwrap_or(0);
    let enabled = section.flag("enabled").unwrap_or(true);
    let tune = section.flag("tune").unwrap_or(true);
    let rooms = section.flag("rooms").unwrap_or(true);
    let (jid, resource) = address?;
    let name = name.unwrap_or_else(|| jid.to_string());
    Some(Account { name, jid, resource, password, server, tls, ca_file, priority, enabled, tune, rooms })
}

fn password(section: &mut Section<'_>, around: &Surroundings<'_>) -> Option<PasswordSource> {
    let command =
        section.texts("password-command").map(|words| words.into_iter().map(String::from).collect::<Vec<_>>());
    let file = path(section, "password-file", around);
    let credential = section.parsed("password-credential", "a credential's name", words::credential_name);
    let inline = section.text("password").map(|text| Secret::new(text.into()));

    let sources = ["password-command", "password-file", "password-credential", "password"];
    let given: Vec<_> = sources.into_iter().filter(|key| section.has(key)).collect();
    if let [first, second, ..] = given[..] {
        section.fault(second, format!("an account has one source of its password, and {first} is given as well"));
    }
    if command.as_ref().is_some_and(Vec::is_empty) {
        section.fault("password-command", "expected a program and its arguments, found an empty list");
    }
    if inline.as_ref().is_some_and(|secret| secret.reveal().is_empty()) {
        section.fault("password", "is empty");
    }
    if section.has("password") && !around.is_private {
        section.fault("password", "a file with a password in it must be yours and have mode 0600 (chmod 600)");
    }
    command
        .map(PasswordSource::Command)
        .or_else(|| file.map(PasswordSource::File))
        .or_else(|| credential.map(PasswordSource::Credential))
        .or_else(|| inline.map(PasswordSource::Inline))
}

fn presence(root: &mut Section<'_>) -> Presence {
    let mut section = root.section("presence");
    let default = Presence::default();
    let presence = Presence {
        show: section.parsed("show", SHOW, words::show).unwrap_or(default.show),
        status: status_text(&mut section).filter(|text| !text.is_empty()),
        away_after: section.parsed("away-after", POSITIVE, words::positive),
        xa_after: section.parsed("xa-after", POSITIVE, words::positive),
        publish_idle: section.flag("publish-idle").unwrap_or(default.publish_idle),
    };
    root.absorb(section);
    presence
}

fn tune(root: &mut Section<'_>, around: &Surroundings<'_>) -> Tune {
    let mut section = root.section("tune");
    let default = Tune::default();
    let publish = section.texts("publish");
    let chosen = |word, default| publish.as_ref().map_or(default, |words: &Vec<&str>| words.contains(&word));
    let tune = Tune {
        enabled: section.flag("enabled").unwrap_or(default.enabled),
        publish_pep: chosen("pep", default.publish_pep),
        publish_status: chosen("status", default.publish_status),
        status: template(&mut section).unwrap_or(default.status),
        status_when: section
            .parsed("status-when", "one of empty, always, never", words::status_when)
            .unwrap_or(default.status_when),
        settle: section.parsed("settle", DURATION, duration::parse).unwrap_or(default.settle),
        on_pause: section
            .parsed("on-pause", "clear, keep, or a duration such as 30s", words::on_pause)
            .unwrap_or(default.on_pause),
        allow: patterns(&mut section, "allow", Pattern::player).unwrap_or(default.allow),
        deny: patterns(&mut section, "deny", Pattern::player).unwrap_or(default.deny),
        deny_url: patterns(&mut section, "deny-url", Pattern::url).unwrap_or(default.deny_url),
        deny_file: patterns(&mut section, "deny-file", Pattern::url).unwrap_or(default.deny_file),
        filter: program(&mut section, "filter", around),
        publish_url: section.flag("publish-url").unwrap_or(default.publish_url),
        publish_video: section.flag("publish-video").unwrap_or(default.publish_video),
        publish_private: section.flag("publish-private").unwrap_or(default.publish_private),
    };
    if let Some(word) = publish.iter().flatten().find(|word| !["pep", "status"].contains(word)) {
        section.fault("publish", format!("expected \"pep\", \"status\" or both, found {}", shown(word)));
    } else if publish.is_some_and(|words| words.is_empty()) {
        section.fault("publish", "expected \"pep\", \"status\" or both; to publish nothing, set enabled = false");
    }
    root.absorb(section);
    tune
}

fn webhook(root: &mut Section<'_>, around: &Surroundings<'_>) -> Option<Webhook> {
    let mut section = root.section("webhook");
    let listen = section.parsed("listen", "a loopback address such as 127.0.0.1:8080", words::loopback);
    let route = section.parsed("path", "a path such as /GStatus, of plain characters", words::route);
    let expire = section.parsed("expire", POSITIVE, words::positive).unwrap_or(EXPIRE);
    let token_file = path(&mut section, "token-file", around);
    if section.is_present() {
        for key in ["listen", "token-file"].into_iter().filter(|key| !section.has(key)).collect::<Vec<_>>() {
            section.fault(key, "is missing");
        }
    }
    root.absorb(section);
    let path = route.unwrap_or_else(|| ROUTE.to_owned());
    Some(Webhook { listen: listen?, path, expire, token_file: token_file? })
}

fn messages(root: &mut Section<'_>) -> Messages {
    let mut section = root.section("messages");
    let default = Messages::default();
    let messages = Messages {
        history: section.flag("history").unwrap_or(default.history),
        keep: section.parsed("keep", POSITIVE, words::positive).unwrap_or(default.keep),
        receipts: section.flag("receipts").unwrap_or(default.receipts),
        encrypted_only: chats(&mut section, "encrypted-only").unwrap_or(default.encrypted_only),
        notify: section.flag("notify").unwrap_or(default.notify),
        notify_body: section.flag("notify-body").unwrap_or(default.notify_body),
        notify_deny: chats(&mut section, "notify-deny").unwrap_or(default.notify_deny),
        on_uncertain: section
            .parsed("on-uncertain", "one of resend, hold", words::on_uncertain)
            .unwrap_or(default.on_uncertain),
    };
    root.absorb(section);
    messages
}

/// A list of patterns, as it stands; each has to be one of the kind that `read` reads.
fn patterns(
    section: &mut Section<'_>,
    key: &'static str,
    read: fn(&str) -> Result<Pattern, PatternError>,
) -> Option<Vec<String>> {
    let texts = section.texts(key)?;
    for (text, error) in texts.iter().filter_map(|text| Some((text, read(text).err()?))) {
        section.fault(key, format!("{} cannot be used: {error}", shown(text)));
    }
    Some(texts.into_iter().map(String::from).collect())
}

/// A list of patterns for bare addresses, as it stands; each has to fit some.
fn chats(section: &mut Section<'_>, key: &'static str) -> Option<Vec<String>> {
    let texts = patterns(section, key, Pattern::url)?;
    for text in texts.iter().filter(|text| Pattern::url(text).is_ok_and(|pattern| !words::fits_a_chat(&pattern))) {
        let message = match text.split_once('/').filter(|(address, _)| words::is_chat(address)) {
            Some((address, _)) => {
                format!("{} has a resource, and none is looked at; write {}", shown(text), shown(address))
            }
            None => {
                format!("{} fits no address; write juliet@verona.example, *@capulet.example or /REGEX/", shown(text))
            }
        };
        section.fault(key, message);
    }
    Some(texts)
}

/// A program and its arguments. It has to be there, in a folder of `PATH`, below the home or at its absolute path.
fn program(section: &mut Section<'_>, key: &'static str, around: &Surroundings<'_>) -> Option<Vec<String>> {
    let mut words = section.texts(key)?.into_iter().map(String::from).collect::<Vec<_>>();
    let Some(first) = words.first_mut() else {
        section.fault(key, "expected a program and its arguments, found an empty list");
        return None;
    };
    match around.environment.program(first) {
        Some(path) => *first = path.to_string_lossy().into_owned(),
        None => {
            let message = format!("there is no program {}; each argument is a text of its own", shown(first));
            section.fault(key, message);
        }
    }
    Some(words)
}

/// The template under `status`, as it stands.
fn template(section: &mut Section<'_>) -> Option<String> {
    let text = status_text(section)?;
    if let Err(error) = text.parse::<Template>() {
        section.fault("status", format!("is no template: {error}"));
    }
    Some(text)
}

/// The text under `status`, which must be fit for XML.
fn status_text(section: &mut Section<'_>) -> Option<String> {
    section.parsed("status", "a text without control characters", words::clean_text)
}

fn path(section: &mut Section<'_>, key: &'static str, around: &Surroundings<'_>) -> Option<PathBuf> {
    section.parsed(key, PATH, |text| around.environment.expand(text))
}
