//! The roster on the wire ([RFC 6121 section 2](https://www.rfc-editor.org/rfc/rfc6121#section-2)). Keeping it, and
//! checking who pushes, is [`crate::roster`]'s.

use jid::BareJid;

use crate::xml::{Element, ns};

/// A roster or a push of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// The version; any text, also an empty one.
    pub ver: Option<String>,
    /// The contacts that could be read.
    pub items: Vec<Item>,
    /// How many could not, for want of an address.
    pub unreadable: usize,
}

/// One contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Who.
    pub jid: BareJid,
    /// What the person calls them.
    pub name: Option<String>,
    /// Who sees whose presence.
    pub subscription: Subscription,
    /// Our request to see theirs is open.
    pub asked: bool,
    /// Their request to see ours is granted beforehand (section 3.4).
    pub approved: bool,
    /// The groups, sorted, each once.
    pub groups: Vec<String>,
}

/// Who sees whose presence (section 2.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subscription {
    /// Neither; also read where the attribute is missing or unknown.
    None,
    /// We see theirs.
    To,
    /// They see ours.
    From,
    /// Each sees the other's.
    Both,
    /// In a push: no longer a contact.
    Remove,
}

impl Subscription {
    /// Whether they see our presence.
    pub fn sees_us(self) -> bool {
        match self {
            Self::From | Self::Both => true,
            Self::None | Self::To | Self::Remove => false,
        }
    }

    /// Whether we see their presence.
    pub fn is_seen(self) -> bool {
        match self {
            Self::To | Self::Both => true,
            Self::None | Self::From | Self::Remove => false,
        }
    }
}

impl Roster {
    /// The request for the roster. A version asks for what changed since, an empty one for the first versioned
    /// roster; only for servers with that feature (section 2.6.2).
    pub fn request(ver: Option<&str>) -> Element {
        Element::new("query", ns::ROSTER).with_optional_attr("ver", ver)
    }

    /// The change of one contact; the server ignores what it decides itself (section 2.3).
    pub fn change(item: &Item) -> Element {
        let groups = item.groups.iter().map(|group| Element::new("group", ns::ROSTER).with_text(group.as_str()));
        let element = Element::new("item", ns::ROSTER)
            .with_attr("jid", item.jid.as_str())
            .with_optional_attr("name", item.name.as_deref())
            .with_optional_attr("subscription", (item.subscription == Subscription::Remove).then_some("remove"))
            .with_children(groups);
        Element::new("query", ns::ROSTER).with_child(element)
    }

    /// Reads a `<query/>`; `None` for any other element.
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("query", ns::ROSTER) {
            return None;
        }
        let mut roster = Self { ver: element.attr("ver").map(str::to_owned), items: Vec::new(), unreadable: 0 };
        for child in element.children().filter(|child| child.is("item", ns::ROSTER)) {
            match Item::parse(child) {
                Some(item) => roster.items.push(item),
                None => roster.unreadable += 1,
            }
        }
        Some(roster)
    }
}

impl Item {
    /// A contact of that address and nothing else.
    pub fn new(jid: BareJid) -> Self {
        Self { jid, name: None, subscription: Subscription::None, asked: false, approved: false, groups: Vec::new() }
    }

    fn parse(element: &Element) -> Option<Self> {
        let groups = element.children().filter(|child| child.is("group", ns::ROSTER)).map(Element::text);
        let mut groups: Vec<_> = groups.filter(|group| !group.trim().is_empty()).collect();
        groups.sort();
        groups.dedup();
        groups.shrink_to_fit();
        Some(Self {
            jid: BareJid::new(element.attr("jid")?).ok()?,
            name: element.attr("name").filter(|name| !name.is_empty()).map(str::to_owned),
            subscription: match element.attr("subscription") {
                Some("to") => Subscription::To,
                Some("from") => Subscription::From,
                Some("both") => Subscription::Both,
                Some("remove") => Subscription::Remove,
                Some(_) | None => Subscription::None,
            },
            asked: element.attr("ask") == Some("subscribe"),
            approved: matches!(element.attr("approved"), Some("true" | "1")),
            groups,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    fn bare(text: &str) -> BareJid {
        BareJid::new(text).expect("a test's address is one")
    }

    #[test]
    fn a_bad_item_does_not_lose_the_others() {
        let roster = Roster::parse(&testing::element(
            "<query xmlns='jabber:iq:roster' ver=''><item jid='@@'/><item/><item jid='a@b.example/c'/>
             <item jid='Otto@reed.example' name='Otto' subscription='both' approved='1'>
               <group>Z</group><group>A</group><group>Z</group><group> </group></item>
             <item jid='ida@reed.example' name='' subscription='sideways' ask='subscribe'/><x xmlns='urn:x'/></query>",
        ));
        let otto = Item {
            name: Some("Otto".to_owned()),
            subscription: Subscription::Both,
            approved: true,
            groups: vec!["A".to_owned(), "Z".to_owned()],
            ..Item::new(bare("otto@reed.example"))
        };
        let ida = Item { asked: true, ..Item::new(bare("ida@reed.example")) };
        assert_eq!(roster, Some(Roster { ver: Some(String::new()), items: vec![otto, ida], unreadable: 3 }));
        assert_eq!(Roster::parse(&Element::new("query", ns::VERSION)), None);
    }

    #[test]
    fn requests_and_changes_are_written() {
        let check = |element: Element, expected: &str| assert_eq!(writer::to_string(&element), expected);
        check(Roster::request(None), "<query xmlns='jabber:iq:roster'/>");
        check(Roster::request(Some("")), "<query xmlns='jabber:iq:roster' ver=''/>");
        let mut item = Item { groups: vec!["A & B".to_owned()], ..Item::new(bare("otto@reed.example")) };
        check(
            Roster::change(&item),
            "<query xmlns='jabber:iq:roster'><item jid='otto@reed.example'><group>A &amp; B</group></item></query>",
        );
        item = Item { subscription: Subscription::Remove, ..Item::new(item.jid) };
        check(
            Roster::change(&item),
            "<query xmlns='jabber:iq:roster'><item jid='otto@reed.example' subscription='remove'/></query>",
        );
    }
}
