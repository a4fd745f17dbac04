//! Addresses of files that go with a message ([XEP-0066](https://xmpp.org/extensions/xep-0066.html) section 3): clients
//! show what is there in place of the text that repeats it. Nothing is fetched.

use crate::text::{self, Limit};
use crate::xml::{Element, ns};

/// As long as an address may be; a longer one is none.
const LONGEST: usize = 4096;
/// So many addresses of one message are read.
const MOST: usize = 8;

/// What says that there is a file at this address.
pub fn element(url: &str) -> Element {
    let url = Element::new("url", ns::OOB).with_text(url);
    Element::new("x", ns::OOB).with_child(url)
}

/// The addresses that a message names, clean.
pub fn urls(payloads: &[Element]) -> Vec<String> {
    let named = payloads.iter().filter(|payload| payload.is("x", ns::OOB));
    let texts = named.filter_map(|payload| payload.child("url", ns::OOB)).map(Element::text);
    let whole = texts.filter(|text| text.len() <= LONGEST);
    whole.filter_map(|text| text::line(&text, Limit::Bytes(LONGEST))).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written_and_cleaned() {
        let url = "https://upload.verona.example/a%20b.png";
        assert_eq!(urls(&[element(url)]), [url]);
        assert_eq!(urls(&[element(" https://x/\u{1b}[2J\u{202e}y\n")]), ["https://x/[2Jy"]);
        assert_eq!(urls(&[element(&"x".repeat(5000)), element("")]), Vec::<String>::new());
        assert_eq!(urls(&vec![element(url); 50]).len(), 8);
    }
}
