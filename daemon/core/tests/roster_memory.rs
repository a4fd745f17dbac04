//! What the longest roster costs in memory, as the kernel counts it: a process of its own, for a peak has one owner.

use std::fs;

use xmppd_core::stanza::roster::Roster;
use xmppd_core::stanza::{Iq, Stanza};
use xmppd_core::xml::{Frame, Limits, Reader};

const CONTACTS: usize = 10_000;
const MOST: usize = 16 * 1024;

#[test]
fn a_roster_of_ten_thousand_contacts_fits_into_16_mib() {
    let mut reader = Reader::new(Limits::ROSTER);
    feed(&mut reader, "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
    feed(&mut reader, "<iq type='result' id='r'><query xmlns='jabber:iq:roster'>");
    let before = kibibytes("VmRSS");
    for number in 0..CONTACTS {
        let name = format!("jid='contact.number.{number}@verona.example' name='Contact number {number} of Verona'");
        let groups = format!("<group>Friends</group><group>Group number {}</group>", number % 37);
        let frame = feed(&mut reader, &format!("<item {name} subscription='both'>{groups}</item>"));
        assert_eq!(frame, None);
    }
    let Some(Frame::Element(element)) = feed(&mut reader, "</query></iq>") else { panic!("no stanza") };
    let Stanza::Iq(Iq { payload: Some(payload), .. }) = Stanza::parse(element) else { panic!("no answer") };
    let roster = Roster::parse(&payload).expect("a roster");
    let grown = kibibytes("VmHWM") - before;
    assert_eq!(roster.items.len(), CONTACTS);
    assert!(grown < MOST, "{grown} KiB");
}

fn feed(reader: &mut Reader, text: &str) -> Option<Frame> {
    reader.feed(&mut text.as_bytes()).expect("XML within the limits")
}

fn kibibytes(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a Linux kernel");
    let line = status.lines().find(|line| line.starts_with(field)).expect("the field");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
