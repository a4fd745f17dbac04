//! User nickname ([XEP-0172](https://xmpp.org/extensions/xep-0172.html)). It is cleaned here, whoever chose it.

use crate::text::{self, Limit};
use crate::xml::{Element, ns};

/// How long a nickname may be.
const LONGEST: Limit = Limit::CodePoints(128);

/// A nickname as it may be shown, or nothing.
pub fn clean(nick: &str) -> Option<String> {
    text::line(nick, LONGEST)
}

/// The element for a nickname, or for none.
pub fn to_element(nick: Option<&str>) -> Element {
    let element = Element::new("nick", ns::NICK);
    match nick {
        Some(nick) => element.with_text(nick),
        None => element,
    }
}

/// Reads a `<nick/>`: `None` for any other element, `Some(None)` for none.
pub fn parse(element: &Element) -> Option<Option<String>> {
    element.is("nick", ns::NICK).then(|| clean(&element.text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_is_one_clean_line() {
        let check = |nick: &str, expected: Option<&str>| {
            assert_eq!(parse(&to_element(Some(nick))), Some(expected.map(str::to_owned)), "{nick:?}");
        };
        check("Ishmael", Some("Ishmael"));
        check(" a\n\u{202e}b ", Some("a b"));
        check("  ", None);
        assert_eq!(clean(&"x".repeat(10 << 20)).map(|nick| nick.len()), Some(128));
        assert_eq!(parse(&to_element(None)), Some(None));
        assert_eq!(parse(&Element::new("nick", ns::CLIENT)), None);
    }
}
