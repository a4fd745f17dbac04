//! Which messages the desktop tells of, in which words, and how often: one notice a contact, newest text first, within
//! a budget. Showing them, and knowing who shows them, is the shell's (`notifications`).
//!
//! What the notification service can is as the Desktop Notifications Specification 1.2 says ("GetCapabilities"), and
//! so is what must be escaped in a body ("Markup").

use std::collections::VecDeque;
use std::time::Duration;

use crate::players::Pattern;
use crate::text::{self, Limit};
use crate::time::Moment;

/// So many notices may come at once.
const BURST: u64 = 4;
/// After that, one each of these.
const PERIOD: Duration = Duration::from_secs(3);
/// So many contacts may wait to be told of; of more, the oldest are forgotten.
const WAITING: usize = 64;
/// As much of a name as is shown.
const NAME: Limit = Limit::CodePoints(80);
/// As much of a text as is shown.
const TEXT: Limit = Limit::CodePoints(300);
/// As many lines of a text as are shown.
const LINES: usize = 8;

/// What the person wants to be told.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Whether to be told at all.
    pub on: bool,
    /// Whether the text is shown, or only who sent it.
    pub body: bool,
    /// Bare addresses that are never told of.
    pub deny: Vec<Pattern>,
}

/// Whom a notice is about; a newer one takes the place of the older.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// The account's name.
    pub account: String,
    /// The bare address.
    pub jid: String,
}

/// A message that came for a person to read: not one of their own, and of no room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// From whom.
    pub contact: Contact,
    /// What the person calls them.
    pub name: Option<String>,
    /// The text as it came.
    pub text: Option<String>,
    /// Whether contacts see the person as not to be disturbed, through this account.
    pub busy: bool,
}

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// About whom.
    pub contact: Contact,
    title: String,
    text: Option<String>,
    count: usize,
}

/// What the notification service can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Anything below the title (`body`).
    pub body: bool,
    /// Markup there, so that what looks like it must be escaped (`body-markup`).
    pub markup: bool,
}

/// The title and the body, ready for the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line, never markup.
    pub summary: String,
    /// Lines, escaped where they are read as markup; empty for none.
    pub body: String,
}

/// What waits to be shown.
#[derive(Debug, Default)]
pub struct Notices {
    waiting: VecDeque<Notice>,
    /// When the budget is whole again.
    whole_at: Moment,
}

impl Notices {
    /// Takes a message in. One more of somebody who waits already joins what waits.
    pub fn heard(&mut self, came: Came, wishes: &Wishes) {
        let denied = wishes.deny.iter().any(|pattern| pattern.matches(&came.contact.jid));
        if !wishes.on || denied || came.busy {
            return;
        }
        let title = came.name.as_deref().and_then(|name| text::line(name, NAME));
        let title = title.or_else(|| text::line(&came.contact.jid, NAME)).unwrap_or_default();
        let text = came.text.as_deref().filter(|_| wishes.body).and_then(excerpt);
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.contact == came.contact) {
            *waiting = Notice { contact: came.contact, title, text, count: waiting.count.saturating_add(1) };
            return;
        }
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Notice { contact: came.contact, title, text, count: 1 });
    }

    /// The next to show, if one waits and the budget has room for it.
    pub fn next(&mut self, now: Moment) -> Option<Notice> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.whole_at = self.whole_at.max(now) + PERIOD;
        self.waiting.pop_front()
    }

    /// From when on [`Self::next`] gives something; never when nothing waits.
    pub fn deadline(&self) -> Option<Moment> {
        let lent = PERIOD.as_secs() * 1000 * (BURST - 1);
        (!self.waiting.is_empty()).then(|| Moment::from_millis(self.whole_at.as_millis().saturating_sub(lent)))
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl Notice {
    /// In words that this service can show.
    pub fn words(&self, abilities: Abilities) -> Words {
        let Self { title, count, .. } = self;
        let text = match (&self.text, count) {
            (Some(text), _) => text.clone(),
            (None, 1) => "sent a message".to_owned(),
            (None, count) => format!("sent {count} messages"),
        };
        if !abilities.body {
            let first = text::line(&text, TEXT).unwrap_or_default();
            return Words { summary: format!("{title}: {first}"), body: String::new() };
        }
        let summary = match (&self.text, count) {
            (Some(_), 2..) => format!("{title} ({count} messages)"),
            (Some(_), _) | (None, _) => title.clone(),
        };
        Words { summary, body: if abilities.markup { escaped(&text) } else { text } }
    }
}

/// As much of a text as is shown.
fn excerpt(whole: &str) -> Option<String> {
    let clean = text::lines(whole, text::BODY)?;
    let cut = text::lines(&clean, TEXT)?;
    let mut shown = cut.lines().take(LINES).collect::<Vec<_>>().join("\n");
    if shown.len() < clean.len() {
        shown.push('…');
    }
    Some(shown)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Abilities = Abilities { body: true, markup: true };

    fn wishes() -> Wishes {
        Wishes { on: true, body: true, deny: Vec::new() }
    }

    fn came(jid: &str, text: &str) -> Came {
        let contact = Contact { account: "home".into(), jid: jid.into() };
        Came { contact, name: None, text: Some(text.into()), busy: false }
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(1_000_000 + seconds * 1000)
    }

    #[test]
    fn words_are_clean_and_escaped_only_where_they_are_read_as_markup() {
        let check = |text: &str, abilities, summary: &str, body: &str| {
            let mut notices = Notices::default();
            notices.heard(came("juliet@verona.example", text), &wishes());
            let words = notices.next(at(0)).expect("one waits").words(abilities);
            assert_eq!((words.summary.as_str(), words.body.as_str()), (summary, body), "{text:?} {abilities:?}");
        };
        let juliet = "juliet@verona.example";
        let plain = Abilities { body: true, markup: false };
        check("<b>hi</b> & bye", ALL, juliet, "&lt;b&gt;hi&lt;/b&gt; &amp; bye");
        check("<b>hi</b> & bye", plain, juliet, "<b>hi</b> & bye");
        check("a\u{1b}[2J\u{202e}b\0\nc", ALL, juliet, "a[2Jb\nc");
        check("one\ntwo", Abilities::default(), "juliet@verona.example: one two", "");
        check("\u{1b}", ALL, juliet, "sent a message");
        check(&"x".repeat(400), ALL, juliet, &format!("{}…", "x".repeat(300)));
        check(&"y\n".repeat(20), ALL, juliet, "y\ny\ny\ny\ny\ny\ny\ny…");
    }

    #[test]
    fn a_name_goes_before_an_address_and_is_cleaned() {
        let check = |name: Option<&str>, expected: &str| {
            let mut notices = Notices::default();
            let name = name.map(str::to_owned);
            notices.heard(Came { name, ..came("juliet@verona.example", "hi") }, &wishes());
            assert_eq!(notices.next(at(0)).expect("one waits").words(ALL).summary, expected);
        };
        check(None, "juliet@verona.example");
        check(Some(" \u{202e} "), "juliet@verona.example");
        check(Some("Ju\u{202e}li\net"), "Juli et");
    }

    #[test]
    fn nobody_is_told_who_does_not_want_to_be() {
        let check = |wishes: Wishes, busy: bool, told: bool| {
            let mut notices = Notices::default();
            notices.heard(Came { busy, ..came("juliet@verona.example", "hi") }, &wishes);
            assert_eq!(notices.next(at(0)).is_some(), told, "{wishes:?} {busy}");
        };
        check(wishes(), false, true);
        check(wishes(), true, false);
        check(Wishes { on: false, ..wishes() }, false, false);
        let deny = |text| vec![Pattern::url(text).expect("a pattern")];
        check(Wishes { deny: deny("*@verona.example"), ..wishes() }, false, false);
        check(Wishes { deny: deny("*@mantua.example"), ..wishes() }, false, true);
    }

    #[test]
    fn a_hidden_text_stays_hidden() {
        let mut notices = Notices::default();
        let wishes = Wishes { body: false, ..wishes() };
        for text in ["secret", "secret too"] {
            notices.heard(came("juliet@verona.example", text), &wishes);
        }
        let words = notices.next(at(0)).expect("one waits").words(ALL);
        assert_eq!(words, Words { summary: "juliet@verona.example".into(), body: "sent 2 messages".into() });
    }

    #[test]
    fn a_flood_becomes_one_notice_a_contact_and_one_each_three_seconds() {
        let mut notices = Notices::default();
        let mut told = Vec::new();
        for second in 0..30 {
            for number in 0..100 {
                notices.heard(came("juliet@verona.example", &format!("{second}.{number}")), &wishes());
                told.extend(notices.next(at(second)));
            }
        }
        assert_eq!(told.len(), 4 + 9);
        let last = told.pop().expect("there are some").words(ALL);
        assert_eq!(last, Words { summary: "juliet@verona.example (300 messages)".into(), body: "27.0".into() });
    }

    #[test]
    fn many_strangers_cost_no_more_than_some_and_each_gets_a_turn() {
        let mut notices = Notices::default();
        for number in 0..1000 {
            notices.heard(came(&format!("{number}@mantua.example"), "hi"), &wishes());
        }
        let mut now = at(0);
        let mut told = Vec::new();
        while let Some(deadline) = notices.deadline() {
            now = now.max(deadline);
            told.extend(notices.next(now).map(|notice| notice.contact.jid));
        }
        let expected: Vec<String> = (936..1000).map(|number| format!("{number}@mantua.example")).collect();
        assert_eq!(told, expected);
        assert_eq!(now, at(60 * 3));
    }
}
