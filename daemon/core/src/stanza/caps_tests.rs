//! Capabilities: the hashes of XEP-0115 and what must not be believed.

use super::super::disco::Identity;
use super::super::form::Field;
use super::*;
use crate::xml::{testing, writer};

fn identity(category: &str, kind: &str, lang: &str, name: &str) -> Identity {
    Identity { category: category.to_owned(), kind: kind.to_owned(), lang: lang.to_owned(), name: name.to_owned() }
}

fn info(identities: &[Identity], features: &[&str], forms: &[Form]) -> Info {
    Info {
        node: None,
        identities: identities.to_vec(),
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        forms: forms.to_vec(),
    }
}

const PROTOCOL: [&str; 4] = [
    "http://jabber.org/protocol/muc",
    "http://jabber.org/protocol/disco#items",
    "http://jabber.org/protocol/caps",
    "http://jabber.org/protocol/disco#info",
];

const OURS: [&str; 8] = [
    "urn:xmpp:time",
    "urn:xmpp:receipts",
    "urn:xmpp:ping",
    "jabber:iq:version",
    "http://jabber.org/protocol/tune+notify",
    "http://jabber.org/protocol/tune",
    "http://jabber.org/protocol/disco#info",
    "http://jabber.org/protocol/caps",
];

const SOFTWARE: &str = "urn:xmpp:dataforms:softwareinfo";

fn check(info: &Info, expected: Result<&str, IllFormed>) {
    assert_eq!(verification(info), expected.map(str::to_owned), "{info:?}");
    let sent = testing::element(&writer::to_string(&info.to_element()));
    let read = Info::parse(&sent).expect("an answer of ours is one");
    assert_eq!(&read, info);
    assert_eq!(verification(&read), verification(info));
}

#[test]
fn the_published_vectors_hold() {
    let exodus = identity("client", "pc", "", "Exodus 0.9.1");
    check(&info(&[exodus], &PROTOCOL, &[]), Ok("QgayPKawpkPSDYmwT/WM94uAlu0="));
    let mut form = Form::about(
        SOFTWARE,
        &[("software_version", "0.11"), ("software", "Psi"), ("os_version", "10.5.1"), ("os", "Mac")],
    );
    let versions = vec!["ipv6".to_owned(), "ipv4".to_owned()];
    form.fields.push(Field { var: "ip_version".to_owned(), kind: Some("text-multi".to_owned()), values: versions });
    let psi = [identity("client", "pc", "en", "Psi 0.11"), identity("client", "pc", "el", "Ψ 0.11")];
    check(&info(&psi, &PROTOCOL, &[form]), Ok("q07IKJEyjvHSyhy//CH0CxmKi8w="));
}

#[test]
fn our_own_vectors_hold() {
    let bot = [identity("client", "bot", "en", "xmppd")];
    check(&info(&bot, &OURS, &[]), Ok("pxwdo4vuUlaFJdgGHKuumJfgSSg="));
    let form = Form::about(SOFTWARE, &[("software_version", "0.1"), ("software", "xmppd"), ("os", "Debian")]);
    check(&info(&bot, &OURS, std::slice::from_ref(&form)), Ok("N/VSG31EpAJkzAR2h8VsRrgohec="));
    let mut untyped = form.clone();
    untyped.fields.remove(0);
    let mut shown = form;
    shown.fields[0].kind = None;
    check(&info(&bot, &OURS, &[untyped, shown]), Ok("pxwdo4vuUlaFJdgGHKuumJfgSSg="));
}

#[test]
fn what_is_ill_formed_or_ambiguous_has_no_hash() {
    let bot = identity("client", "bot", "en", "xmppd");
    let form = Form::about(SOFTWARE, &[("os", "Debian")]);
    let mut two_types = form.clone();
    two_types.fields[0].values.push("urn:other".to_owned());
    let mut same_type = form.clone();
    same_type.fields[0].values.push(SOFTWARE.to_owned());
    assert!(verification(&info(std::slice::from_ref(&bot), &[], &[same_type])).is_ok());
    check(&info(&[], &OURS, &[]), Err(IllFormed::Identity));
    check(&info(&[bot.clone(), bot.clone()], &[], &[]), Err(IllFormed::Identity));
    check(&info(std::slice::from_ref(&bot), &["urn:a", "urn:b", "urn:a"], &[]), Err(IllFormed::Feature));
    check(&info(std::slice::from_ref(&bot), &[], &[form.clone(), form]), Err(IllFormed::Form));
    check(&info(std::slice::from_ref(&bot), &[], &[two_types]), Err(IllFormed::Form));
    check(&info(std::slice::from_ref(&bot), &["urn:a<urn:b"], &[]), Err(IllFormed::Ambiguous));
    check(&info(&[identity("client", "bot/", "en", "x")], &[], &[]), Err(IllFormed::Ambiguous));
    check(&info(&[identity("http:", "", "jabber.org", "protocol/muc")], &[], &[]), Err(IllFormed::Ambiguous));
    check(&info(&[identity("client", "bot", "", "a<urn:b")], &[], &[]), Err(IllFormed::Ambiguous));
    let sly = Form::about(SOFTWARE, &[("os", "a<b")]);
    check(&info(std::slice::from_ref(&bot), &[], &[sly]), Err(IllFormed::Ambiguous));
    assert!(verification(&info(&[identity("client", "bot", "", "a/b")], &[], &[])).is_ok());
}

#[test]
fn a_name_is_right_only_for_what_it_names() {
    let answer = info(&[identity("client", "bot", "en", "xmppd")], &OURS, &[]);
    let caps = Caps::of("https://heron.example/xmppd", &answer).expect("our capabilities are well-formed");
    assert_eq!(caps.query_node(), "https://heron.example/xmppd#pxwdo4vuUlaFJdgGHKuumJfgSSg=");
    assert!(caps.names(&answer));
    assert!(!Caps { hash: None, ..caps.clone() }.names(&answer));
    assert!(!Caps { hash: Some("md5".to_owned()), ..caps.clone() }.names(&answer));
    assert!(!caps.names(&Info { features: Vec::new(), ..answer }));
    assert_eq!(Caps::parse(&testing::element(&writer::to_string(&caps.to_element()))), Some(caps));
}

#[test]
fn caps_that_name_nothing_are_none() {
    let check = |attributes: &str, expected: bool| {
        let element = testing::element(&format!("<c xmlns='http://jabber.org/protocol/caps' {attributes}/>"));
        assert_eq!(Caps::parse(&element).is_some(), expected, "{attributes}");
    };
    check("node='n' ver='v' hash='sha-1'", true);
    check("node='n' ver='v'", true);
    check("node='n' ver='v' ext='voice-v1 camera-v1'", true);
    check("node='n' hash='sha-1'", false);
    check("node='' ver='v'", false);
    check("ver='v'", false);
}
