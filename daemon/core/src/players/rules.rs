//! What the person allows to be told: which players, which addresses, how soon. Choosing among what is allowed, and
//! the waiting, is [`super`]'s.

use std::fmt;
use std::time::Duration;

use super::address;
use super::pattern::Pattern;

/// Players denied when the configuration names none: browsers, and proxies that show what other players play.
pub const DEFAULT_DENY: [&str; 12] = [
    "firefox",
    "chromium",
    "chrome",
    "brave",
    "playerctld",
    "kdeconnect",
    "plasma-browser-integration",
    "librewolf",
    "vivaldi",
    "opera",
    "msedge",
    "epiphany",
];

/// A longer address is not checked against the rules but denied by them.
pub(super) const MAX_URL: usize = 4096;

/// The `[tune]` section as far as it decides what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The players that may be chosen; an earlier pattern ranks higher. [`Pattern::player`]s.
    pub allow: Vec<Pattern>,
    /// The players that may not, whatever `allow` says. [`Pattern::player`]s.
    pub deny: Vec<Pattern>,
    /// Addresses (`xesam:url`, as they are and percent-decoded) that are never published. [`Pattern::url`]s.
    pub deny_url: Vec<Pattern>,
    /// How long a track must have played unchanged before it is published.
    pub settle: Duration,
    /// What becomes of the tune when its player pauses.
    pub on_pause: OnPause,
    /// Names of files (the last part of the address, percent-decoded) that are never published. [`Pattern::url`]s.
    pub deny_file: Vec<Pattern>,
    /// Whether the track's address may be published.
    pub publish_url: bool,
    /// Whether what a video file plays may be published.
    pub publish_video: bool,
    /// Whether what a browser plays in a private window may be published: it is a sentence in place of a title.
    pub publish_private: bool,
}

/// What becomes of the tune when its player pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnPause {
    /// It is withdrawn at once.
    Clear,
    /// It stays.
    Keep,
    /// It is withdrawn after so long a pause.
    After(Duration),
}

/// The rule that decided about a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// This pattern of `allow`, at this rank (0 is highest), and none that denies.
    Allow {
        /// The pattern as written.
        pattern: String,
        /// Its place in `allow`.
        rank: usize,
    },
    /// This pattern of `deny`.
    Deny(String),
    /// This pattern of `deny-url`.
    DenyUrl(String),
    /// This pattern of `deny-file`.
    DenyFile(String),
    /// It is a video file.
    Video,
    /// It plays in a private window.
    Private,
    /// It shows what this player plays, without instance suffix.
    Relay(String),
    /// There are patterns in `deny-url` or `deny-file`, and the address is too long to be checked.
    UrlTooLong,
    /// No pattern of `allow`.
    Unlisted,
}

impl Rule {
    /// The rank in `allow`; none for what is denied.
    pub fn rank(&self) -> Option<usize> {
        match self {
            Self::Allow { rank, .. } => Some(*rank),
            Self::Deny(_)
            | Self::DenyUrl(_)
            | Self::DenyFile(_)
            | Self::Video
            | Self::Private
            | Self::Relay(_)
            | Self::UrlTooLong
            | Self::Unlisted => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow { pattern, .. } => write!(f, "allow {pattern:?}"),
            Self::Deny(pattern) => write!(f, "deny {pattern:?}"),
            Self::DenyUrl(pattern) => write!(f, "deny-url {pattern:?}"),
            Self::DenyFile(pattern) => write!(f, "deny-file {pattern:?}"),
            Self::Video => f.write_str("publish-video is false, and it plays a video"),
            Self::Private => f.write_str("publish-private is false, and it plays in a private window"),
            Self::Relay(of) => write!(f, "it shows what {of} plays"),
            Self::UrlTooLong => f.write_str("deny-url (the address is too long to be checked)"),
            Self::Unlisted => f.write_str("not in allow"),
        }
    }
}

impl Rules {
    /// What decides about the player of this name, without instance suffix, while it plays from this address; perhaps in
    /// a private window.
    pub(super) fn decide(&self, player: &str, url: Option<&str>, private: bool) -> Rule {
        let covers = |pattern: &&Pattern| pattern.matches(player);
        if let Some(pattern) = self.deny.iter().find(covers) {
            return Rule::Deny(pattern.as_str().to_owned());
        }
        if let Some(denied) = url.and_then(|url| self.deny_url(url).or_else(|| self.deny_file(url))) {
            return denied;
        }
        if private && !self.publish_private {
            return Rule::Private;
        }
        match self.allow.iter().enumerate().find(|(_, pattern)| covers(pattern)) {
            Some((rank, pattern)) => Rule::Allow { pattern: pattern.as_str().to_owned(), rank },
            None => Rule::Unlisted,
        }
    }

    fn deny_url(&self, url: &str) -> Option<Rule> {
        if !(self.deny_url.is_empty() && self.deny_file.is_empty()) && url.len() > MAX_URL {
            return Some(Rule::UrlTooLong);
        }
        let decoded = address::percent_decoded(url);
        let pattern = self.deny_url.iter().find(|pattern| pattern.matches(url) || pattern.matches(&decoded))?;
        Some(Rule::DenyUrl(pattern.as_str().to_owned()))
    }

    fn deny_file(&self, url: &str) -> Option<Rule> {
        let name = address::file_name(url)?;
        match self.deny_file.iter().find(|pattern| pattern.matches(&name)) {
            Some(pattern) => Some(Rule::DenyFile(pattern.as_str().to_owned())),
            None => (!self.publish_video && address::is_video(&name)).then_some(Rule::Video),
        }
    }
}

impl Default for Rules {
    /// The contract's values for what a configuration leaves out.
    fn default() -> Self {
        let pattern = |text: &str| Pattern::player(text).expect("our own patterns are well formed");
        Self {
            allow: vec![pattern("*")],
            deny: DEFAULT_DENY.map(pattern).to_vec(),
            deny_url: Vec::new(),
            deny_file: Vec::new(),
            settle: Duration::from_secs(3),
            on_pause: OnPause::Clear,
            publish_url: false,
            publish_video: false,
            publish_private: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn players(patterns: &[&str]) -> Vec<Pattern> {
        patterns.iter().map(|text| Pattern::player(text).expect("a pattern")).collect()
    }

    #[test]
    fn the_deciding_rule_is_named() {
        let private = Pattern::url("file:///home/*/My Private/*").expect("a pattern");
        let rules = Rules {
            allow: players(&["spotify", "m*", "/^vlc$/"]),
            deny: players(&["mopidy", "firefox"]),
            deny_url: vec![private],
            ..Rules::default()
        };
        let check = |name, url, expected: &str, rank| {
            let rule = rules.decide(name, url, false);
            assert_eq!((rule.to_string().as_str(), rule.rank()), (expected, rank), "{name} {url:?}");
        };
        check("mpv", None, "allow \"m*\"", Some(1));
        check("vlc", None, "allow \"/^vlc$/\"", Some(2));
        check("mopidy", None, "deny \"mopidy\"", None);
        check("Firefox", None, "deny \"firefox\"", None);
        check("rhythmbox", None, "not in allow", None);
        check("mpv", Some("file:///home/r/My Private/a%"), "deny-url \"file:///home/*/My Private/*\"", None);
        check("mpv", Some("file:///home/r/My%20Priv%61te/a"), "deny-url \"file:///home/*/My Private/*\"", None);
        check("mpv", Some("file:///home/r/Public/%zz%+1"), "allow \"m*\"", Some(1));
        let long = "x".repeat(MAX_URL + 1);
        check("mpv", Some(&long), "deny-url (the address is too long to be checked)", None);
    }

    #[test]
    fn browsers_and_proxies_are_denied_by_default() {
        for name in ["firefox", "chromium", "chrome", "brave", "playerctld", "kdeconnect.mpris_1"] {
            assert_eq!(Rules::default().decide(name, None, false).rank(), None, "{name}");
        }
        let long = "x".repeat(MAX_URL + 1);
        assert_eq!(Rules::default().decide("mpv", Some(&long), false).rank(), Some(0));
    }

    #[test]
    fn files_videos_and_private_windows_are_denied_by_name() {
        let memos = Pattern::url("memo-*").expect("a pattern");
        let strict = Rules { deny_file: vec![memos], ..Rules::default() };
        let open = Rules { publish_video: true, publish_private: true, ..Rules::default() };
        let check = |rules: &Rules, url: &str, private, expected: &str| {
            assert_eq!(rules.decide("mpv", Some(url), private).to_string(), expected, "{url}");
        };
        let (anything, video) = ("allow \"*\"", "publish-video is false, and it plays a video");
        check(&strict, "file:///home/romeo/memo%2D1.ogg", false, "deny-file \"memo-*\"");
        check(&strict, "file:///home/memo-romeo/1.ogg", false, anything);
        check(&strict, "https://a.example/memo-1.mkv?x", false, "deny-file \"memo-*\"");
        check(&strict, &"x".repeat(MAX_URL + 1), false, "deny-url (the address is too long to be checked)");
        check(&strict, "file:///home/romeo/Film.MKV", false, video);
        check(&open, "file:///home/romeo/Film.MKV", true, anything);
        check(&strict, "", true, "publish-private is false, and it plays in a private window");
    }
}
