//! The writer: what it writes is read back as the same element.

use proptest::prelude::*;

use super::*;
use crate::xml::testing;

fn check(element: &Element, expected: &str) {
    let text = to_string(element);
    assert_eq!(text, expected);
    assert_eq!(&testing::element(&text), element);
}

#[test]
fn namespaces_are_declared_where_they_change_and_nowhere_else() {
    let item = Element::new("item", ns::ROSTER).with_attr("jid", "otto@reed.example");
    let query = Element::new("query", ns::ROSTER).with_child(item);
    let iq = Element::new("iq", ns::CLIENT).with_attr("id", "r-1").with_child(query);
    check(&iq, "<iq id='r-1'><query xmlns='jabber:iq:roster'><item jid='otto@reed.example'/></query></iq>");
    let text = Element::new("text", ns::STREAM_ERRORS).with_text("no");
    let error = Element::new("error", ns::STREAM).with_child(text).with_child(Element::new("m", ns::CLIENT));
    check(&error, "<stream:error><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text><m/></stream:error>");
    check(
        &Element::new("a", "").with_child(Element::new("b", ns::CLIENT)),
        "<a xmlns=''><b xmlns='jabber:client'/></a>",
    );
}

#[test]
fn markup_and_white_space_are_escaped() {
    let sly = "</body></message>&amp;'\"\t\r\n]]>";
    let escaped = "&lt;/body&gt;&lt;/message&gt;&amp;amp;&apos;&quot;&#9;&#13;&#10;]]&gt;";
    check(
        &Element::new("body", ns::CLIENT).with_attr("a", sly).with_text(sly),
        &format!("<body a='{escaped}'>{escaped}</body>"),
    );
}

#[test]
fn characters_that_xml_cannot_carry_are_left_out() {
    let mut dropped = 0;
    for character in '\0'..=char::MAX {
        let mut out = String::new();
        escape(&format!("a{character}b"), &mut out);
        let expected = u32::from(character) >= 0x20 && !matches!(u32::from(character), 0xFFFE | 0xFFFF)
            || matches!(character, '\t' | '\n' | '\r');
        assert_eq!(out != "ab", expected, "{character:?}");
        dropped += usize::from(out == "ab");
    }
    assert_eq!(dropped, 29 + 2);
}

const NAMES: &[&str] = &["iq", "error", "lang", "query"];
const NAMESPACES: &[&str] = &[ns::STREAM, ns::ROSTER, rxml::XMLNS_XML, "urn:it's <odd>&"];

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(element in testing::elements(NAMES, NAMESPACES)) {
        let text = to_string(&element);
        prop_assert_eq!(testing::element(&text), element);
    }

    #[test]
    fn whatever_is_written_can_be_read(text in any::<String>(), value in any::<String>()) {
        let element = Element::new("body", ns::CLIENT).with_attr("a", value).with_text(text);
        testing::element(&to_string(&element));
    }
}
