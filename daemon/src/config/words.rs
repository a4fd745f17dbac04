//! The words of single values, read and written. Which key takes which is [`super::check`]'s.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jid::{BareJid, Jid, ResourcePart};
use xmppd_core::players::Pattern;
use xmppd_core::presence::Show;

use super::{OnPause, OnUncertain, Server, StatusWhen, TlsPolicy, duration};

/// What stands for every account on xmppctl's command line.
const EVERY_ACCOUNT: &str = "all";

pub(super) fn account_name(text: &str) -> Option<String> {
    let is_usable = !text.is_empty() && text != EVERY_ACCOUNT && text.len() <= 255;
    let is_one_word = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_usable && is_one_word).then(|| text.into())
}

/// A JID with a local part; its resource apart.
pub(super) fn account_jid(text: &str) -> Option<(BareJid, Option<ResourcePart>)> {
    let jid = Jid::new(text).ok()?;
    jid.node()?;
    let resource = jid.resource().map(ToOwned::to_owned);
    Some((jid.into_bare(), resource))
}

/// Whether this is an address without a resource, or a pattern for such.
pub(super) fn is_chat(text: &str) -> bool {
    Pattern::url(text).is_ok_and(|pattern| fits_a_chat(&pattern))
}

/// Whether a pattern fits an address without a resource, as addresses are written in the end. What a regular expression
/// fits is not known.
pub(super) fn fits_a_chat(pattern: &Pattern) -> bool {
    let text = pattern.as_str();
    let is_regex = text.len() > 1 && text.starts_with('/') && text.ends_with('/');
    let fits = |any: &str| {
        let address = BareJid::new(&text.replace('*', any).replace('?', "a"));
        address.is_ok_and(|address| pattern.matches(address.as_str()))
    };
    is_regex || ["a", "", "a@a"].into_iter().any(fits)
}

/// `HOST:PORT`; an IPv6 address stands in brackets.
pub(crate) fn server(text: &str) -> Option<Server> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
        None => Some(host).filter(|host| is_host_name(host))?.into(),
    };
    Some(Server { host, port })
}

pub(super) fn server_text(server: &Server) -> String {
    match server.host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{}", server.port),
        Ok(IpAddr::V4(_)) | Err(_) => format!("{}:{}", server.host, server.port),
    }
}

/// RFC 1123 section 2.1, with the underscore that is met in the field; the DNS part checks the rest.
fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

pub(super) fn tls_policy(text: &str) -> Option<TlsPolicy> {
    [TlsPolicy::Auto, TlsPolicy::Direct, TlsPolicy::StartTls].into_iter().find(|policy| tls_word(*policy) == text)
}

pub(super) fn tls_word(policy: TlsPolicy) -> &'static str {
    match policy {
        TlsPolicy::Auto => "auto",
        TlsPolicy::Direct => "direct",
        TlsPolicy::StartTls => "starttls",
    }
}

/// The contract's words for shows, its two synonyms too.
pub(super) fn show(text: &str) -> Option<Show> {
    text.parse().ok()
}

pub(super) fn status_when(text: &str) -> Option<StatusWhen> {
    let all = [StatusWhen::Empty, StatusWhen::Always, StatusWhen::Never];
    all.into_iter().find(|when| status_when_word(*when) == text)
}

pub(super) fn status_when_word(when: StatusWhen) -> &'static str {
    match when {
        StatusWhen::Empty => "empty",
        StatusWhen::Always => "always",
        StatusWhen::Never => "never",
    }
}

pub(super) fn on_uncertain(text: &str) -> Option<OnUncertain> {
    [OnUncertain::Resend, OnUncertain::Hold].into_iter().find(|what| on_uncertain_word(*what) == text)
}

pub(super) fn on_uncertain_word(what: OnUncertain) -> &'static str {
    match what {
        OnUncertain::Resend => "resend",
        OnUncertain::Hold => "hold",
    }
}

pub(super) fn on_pause(text: &str) -> Option<OnPause> {
    match text {
        "clear" => Some(OnPause::Clear),
        "keep" => Some(OnPause::Keep),
        text => duration::parse(text).map(OnPause::ClearAfter),
    }
}

pub(super) fn on_pause_text(on_pause: OnPause) -> String {
    match on_pause {
        OnPause::Clear => "clear".into(),
        OnPause::Keep => "keep".into(),
        OnPause::ClearAfter(time) => duration::write(time),
    }
}

pub(super) fn positive(text: &str) -> Option<Duration> {
    duration::parse(text).filter(|time| !time.is_zero())
}

pub(super) fn loopback(text: &str) -> Option<SocketAddr> {
    text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback() && address.port() != 0)
}

/// A path of characters that every client sends as they are (RFC 3986 section 2.3), without an end of its own.
pub(super) fn route(text: &str) -> Option<String> {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let rest = text.strip_prefix('/').filter(|_| text.len() <= 255)?;
    (rest.is_empty() || rest.split('/').all(is_part)).then(|| text.into())
}

/// What can be a file's name in the credentials' folder (systemd.exec(5)).
pub(super) fn credential_name(text: &str) -> Option<String> {
    let is_file_name =
        !text.is_empty() && text.len() <= 255 && !text.contains(['/', '\0']) && text != "." && text != "..";
    is_file_name.then(|| text.into())
}

/// Text that XML 1.0 can carry on one line.
pub(super) fn clean_text(text: &str) -> Option<String> {
    let is_clean = !text.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    is_clean.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let check = |text, host: Option<&str>| {
            let server = server(text);
            assert_eq!(server.as_ref().map(|server| server.host.as_str()), host, "{text}");
            if let Some(server) = server {
                assert_eq!(server_text(&server), text);
            }
        };
        check("chat.verona.example:5222", Some("chat.verona.example"));
        check("192.0.2.1:5223", Some("192.0.2.1"));
        check("[2001:db8::1]:5222", Some("2001:db8::1"));
        for wrong in ["chat", "chat:", ":5222", "chat:0", "chat:70000", "2001:db8::1:5222", "[x]:1", "a b:1", "a..b:1"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn an_account_has_a_local_part_and_perhaps_a_resource() {
        let check = |text, parts: Option<(&str, Option<&str>)>| {
            let read = account_jid(text);
            let read = read.as_ref().map(|(jid, resource)| (jid.as_str(), resource.as_ref().map(|part| part.as_str())));
            assert_eq!(read, parts, "{text}");
        };
        check("Romeo@Verona.example", Some(("romeo@verona.example", None)));
        check("romeo@verona.example/balcony", Some(("romeo@verona.example", Some("balcony"))));
        check("verona.example", None);
        check("romeo@", None);
        check("", None);
    }

    #[test]
    fn names_are_one_word_and_not_the_word_for_every_account() {
        for right in ["home", "romeo@verona.example", "büro"] {
            assert!(account_name(right).is_some(), "{right}");
        }
        for wrong in ["", "all", "a b", "a\u{7}"] {
            assert!(account_name(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_webhook_listens_on_loopback_only_and_a_credential_stays_in_its_folder() {
        assert!(loopback("127.0.0.1:8080").is_some() && loopback("[::1]:80").is_some());
        for wrong in ["0.0.0.0:80", "192.0.2.1:80", "localhost:80", "127.0.0.1", "127.0.0.1:0"] {
            assert!(loopback(wrong).is_none(), "{wrong}");
        }
        for right in ["/", "/GStatus", "/now/playing.php", "/~romeo"] {
            assert!(route(right).is_some(), "{right}");
        }
        for wrong in ["", "GStatus", "/GStatus/", "//", "/a?b", "/a b", "/%41", "/ü"] {
            assert!(route(wrong).is_none(), "{wrong}");
        }
        for wrong in ["", ".", "..", "a/b", "../a"] {
            assert!(credential_name(wrong).is_none(), "{wrong}");
        }
    }
}
