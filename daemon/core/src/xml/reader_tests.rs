//! The reader: the same frames however the bytes are split, and what it refuses.

use proptest::prelude::*;

use super::*;
use crate::xml::testing::{HEADER, frames};
use crate::xml::{ns, writer};

/// Reads the text whole and split at every byte; every way must give the same.
fn read(text: &str) -> (Vec<Frame>, Option<Fault>) {
    let whole = frames(text.as_bytes(), usize::MAX);
    assert_eq!(frames(text.as_bytes(), 1), whole, "{text}");
    for at in 1..text.len() {
        let mut reader = Reader::new(Limits::AFTER_LOGIN);
        let mut found = Vec::new();
        let mut fault = None;
        for mut part in [&text.as_bytes()[..at], &text.as_bytes()[at..]] {
            loop {
                match reader.feed(&mut part) {
                    Ok(Some(frame)) => found.push(frame),
                    Ok(None) => break,
                    Err(error) => {
                        fault = Some(error);
                        break;
                    }
                }
            }
        }
        assert_eq!((found, fault), whole, "{text} cut at {at}");
    }
    whole
}

#[test]
fn a_stream_is_a_header_stanzas_and_an_end() {
    let stanzas = ["<presence/>", "<message to='otto@reed.example'><body>a &amp; b&#x41;</body> </message>"];
    let (found, fault) = read(&format!("{HEADER} {}\n\n {} </stream:stream> ", stanzas[0], stanzas[1]));
    assert_eq!(fault, None);
    let texts: Vec<_> = found
        .iter()
        .map(|frame| match frame {
            Frame::Open(header) => format!("{} {}", header.name(), header.namespace()),
            Frame::Element(element) => writer::to_string(element),
            Frame::Close => "close".to_owned(),
        })
        .collect();
    let message = stanzas[1].replace("&#x41;", "A");
    assert_eq!(texts, [&format!("stream {}", ns::STREAM), stanzas[0], &message, "close"]);
}

#[test]
fn bytes_behind_a_frame_are_left_alone() {
    let text = format!("{HEADER}<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\x16\x03");
    let mut bytes = text.as_bytes();
    let mut reader = Reader::new(Limits::BEFORE_LOGIN);
    assert!(matches!(reader.feed(&mut bytes), Ok(Some(Frame::Open(_)))));
    assert_eq!(bytes.len(), text.len() - HEADER.len());
    assert!(matches!(reader.feed(&mut bytes), Ok(Some(Frame::Element(_)))));
    assert_eq!(bytes, b"\x16\x03");
}

#[test]
fn what_streams_must_not_contain_is_a_fault() {
    use crate::stream::error::Condition;
    let check = |inside: &str, condition: Condition| {
        let (_, fault) = read(&format!("{HEADER}{inside}"));
        let fault = fault.unwrap_or_else(|| panic!("no fault in {inside}"));
        assert_eq!(Condition::from(fault), condition, "{inside}: {fault}");
    };
    for restricted in [
        "<!-- c -->",
        "<a><!-- c --></a>",
        "<?pi x?>",
        "<a><?pi x?></a>",
        "<?xml version='1.0'?>",
        "<a>&lol;</a>",
        "<a b='&lol;'/>",
    ] {
        check(restricted, Condition::RestrictedXml);
    }
    for broken in [
        "</a>",
        "<a></b>",
        "<a b='1' b='2'/>",
        "<p:a/>",
        "<a p:b=''/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:xml='urn:x'/>",
        "<a>\u{FFFE}</a>",
        "<a>\u{1}</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#;</a>",
        "<a>]]></a>",
        "<a b='<'/>",
        "</stream:stream><a/>",
        "<!DOCTYPE a>",
        "<a><!ENTITY x 'y'></a>",
    ] {
        check(broken, Condition::NotWellFormed);
    }
    check(" stray ", Condition::BadFormat);
}

#[test]
fn bytes_that_are_not_utf_8_are_a_fault() {
    for bytes in [&b"\xC0\x80"[..], b"\xED\xA0\x80", b"\xF8\x88\x80\x80\x80", b"\xE2\x82<", b"\xFF"] {
        let text = [HEADER.as_bytes(), b"<a>", bytes, b"</a>"].concat();
        let (_, fault) = frames(&text, usize::MAX);
        assert!(matches!(fault, Some(Fault::Xml(_))), "{bytes:?}");
    }
}

#[test]
fn each_limit_holds_and_what_stays_within_passes() {
    let check = |inside: &str, limits: Limits, what: Option<&'static str>| {
        let mut reader = Reader::new(limits);
        let text = format!("{HEADER}{inside}");
        let mut bytes = text.as_bytes();
        let fault = loop {
            match reader.feed(&mut bytes) {
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            }
        };
        assert_eq!(fault, what.map(Fault::Limit), "{} bytes", text.len());
        if let Some(fault) = fault {
            assert_eq!(reader.feed(&mut &b"<a/>"[..]), Err(fault));
        }
    };
    let limits = Limits::AFTER_LOGIN;
    let nested = |levels| "<a>".repeat(levels) + &"</a>".repeat(levels);
    check(&nested(64), limits, None);
    check(&nested(65), limits, Some("levels of elements"));
    let attributes = |count| format!("<a{}/>", (0..count).map(|n| format!(" b{n}=''")).collect::<String>());
    check(&attributes(64), limits, None);
    check(&attributes(65), limits, Some("attributes of an element"));
    check(&format!("<{}/>", "a".repeat(256)), limits, None);
    check(&format!("<{}/>", "a".repeat(257)), limits, Some("bytes in a name"));
    check(&format!("<a {}=''/>", "a".repeat(257)), limits, Some("bytes in a name"));
    check(&format!("<m>{}</m>", "<a/>".repeat(9_999)), limits, None);
    check(&format!("<m>{}", "<a/>".repeat(10_000)), limits, Some("elements in a stanza"));
    check(&"<a/>".repeat(300_000), limits, None);
    check(&format!("<a b='{}'/>", "x".repeat(TOKEN_BYTES)), limits, None);
    let head = (0..3).map(|n| format!(" b{n}='{}'", "x".repeat(TOKEN_BYTES))).collect::<String>();
    check(&format!("<a{head}/>"), limits, Some("bytes in a tag"));
    let declarations = (0..20_000).map(|n| format!(" xmlns:b{n}='x'")).collect::<String>();
    check(&format!("<a{declarations}/>"), limits, Some("bytes in a tag"));
    let body = |size: usize| format!("<m><b>{}</b></m>", "x".repeat(size - 14));
    check(&body(limits.stanza_bytes), limits, None);
    check(&body(limits.stanza_bytes).repeat(2), limits, None);
    check(&body(limits.stanza_bytes + 1), limits, Some("bytes in a stanza"));
    check(&body(64 * 1024 + 1), Limits::BEFORE_LOGIN, Some("bytes in a stanza"));
    check(&" ".repeat(3 * 1024 * 1024), limits, None);
    check(&format!("<m>{}", "&amp;".repeat(300_000)), limits, Some("bytes in a stanza"));
    check(&format!("<m><![CDATA[{}", "x".repeat(2_000_000)), limits, Some("bytes in a stanza"));
}

#[test]
fn white_space_before_the_header_is_skipped_but_not_held() {
    assert_eq!(read(&format!(" \r\n{HEADER}")).1, None);
    let spaces = " ".repeat(2_000_000);
    assert_eq!(frames(spaces.as_bytes(), 1000), (Vec::new(), None));
    let (_, fault) = frames(format!("<?xml version='1.0'?>{spaces}").as_bytes(), 1000);
    assert!(matches!(fault, Some(Fault::Limit(_))), "{fault:?}");
}

#[test]
fn limits_can_be_raised_on_the_way() {
    let mut reader = Reader::new(Limits::BEFORE_LOGIN);
    let text = format!("{HEADER}<m>{}</m>", "x".repeat(100_000));
    let mut bytes = text.as_bytes();
    assert!(matches!(reader.feed(&mut bytes), Ok(Some(Frame::Open(_)))));
    reader.set_limits(Limits::AFTER_LOGIN);
    assert!(matches!(reader.feed(&mut bytes), Ok(Some(Frame::Element(_)))));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(parts in prop::collection::vec(part(), 0..30), portion in 1_usize..40) {
        // The parser may hold text back until it knows what follows a carriage return.
        let bytes = [parts.concat(), b"<".to_vec()].concat();
        let whole = frames(&bytes, usize::MAX);
        let split = frames(&bytes, portion);
        prop_assert_eq!(whole.0, split.0);
        prop_assert_eq!(whole.1.is_some(), split.1.is_some());
    }
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    let pieces: &[&str] = &[
        HEADER,
        "<a>",
        "</a>",
        "<a/>",
        "<b c='d'>",
        "</b>",
        "&amp;",
        "&#",
        "x",
        ";",
        "<![CDATA[",
        "]]>",
        "<?xml",
        "?>",
        "<!--",
        "-->",
        "xmlns:p='q'",
        "<p:a",
        "='",
        "'",
        "\r",
        "\n",
        " ",
        ">",
        "</stream:stream>",
        "é",
        "\u{10FFFF}",
    ];
    prop_oneof![
        8 => prop::sample::select(pieces.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ]
}
