//! The block list ([XEP-0191](https://xmpp.org/extensions/xep-0191.html)). Whose push of it is believed is the account's
//! decision.

use jid::Jid;

use crate::xml::{Element, ns};

/// Asks for the list.
pub fn request() -> Element {
    Element::new("blocklist", ns::BLOCKING)
}

/// Has the server let nothing more through from this address, nor to it (section 3.3).
pub fn block(jid: &Jid) -> Element {
    Element::new("block", ns::BLOCKING).with_child(item(jid))
}

/// Takes an address off the list (section 3.4).
pub fn unblock(jid: &Jid) -> Element {
    Element::new("unblock", ns::BLOCKING).with_child(item(jid))
}

/// Reads the list; `None` for any other element. What is no address is left out.
pub fn parse(element: &Element) -> Option<Vec<Jid>> {
    let items = element.children().filter(|child| child.is("item", ns::BLOCKING));
    let jids = items.filter_map(|item| Jid::new(item.attr("jid")?).ok());
    element.is("blocklist", ns::BLOCKING).then(|| jids.collect())
}

/// Whether this tells that the list has changed.
pub fn is_push(element: &Element) -> bool {
    element.is("block", ns::BLOCKING) || element.is("unblock", ns::BLOCKING)
}

fn item(jid: &Jid) -> Element {
    Element::new("item", ns::BLOCKING).with_attr("jid", jid.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{testing, writer};

    #[test]
    fn a_list_is_read_without_what_is_no_address() {
        let list = testing::element(
            "<blocklist xmlns='urn:xmpp:blocking'><item jid='paris@verona.example'/><item jid='@@'/><item/>
             <item jid='Spam.Example'/><x xmlns='urn:x'/></blocklist>",
        );
        let jids = parse(&list).map(|jids| jids.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(jids, Some(vec!["paris@verona.example".to_owned(), "spam.example".to_owned()]));
        assert_eq!(parse(&block(&Jid::new("spam.example").unwrap())), None);
        assert_eq!(parse(&request()), Some(Vec::new()));
    }

    #[test]
    fn changes_are_written_and_their_pushes_known() {
        let jid = Jid::new("paris@verona.example").unwrap();
        for (element, name) in [(block(&jid), "block"), (unblock(&jid), "unblock")] {
            let expected = format!("<{name} xmlns='urn:xmpp:blocking'><item jid='paris@verona.example'/></{name}>");
            assert_eq!(writer::to_string(&element), expected);
            assert!(is_push(&element));
        }
        assert!(!is_push(&request()));
    }
}
