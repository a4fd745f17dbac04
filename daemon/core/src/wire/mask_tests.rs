//! Tests of the mask: by tables of every place that is known to bear a secret, and by chance.

use proptest::prelude::*;

use super::*;
use crate::wire::{Framer, Piece};
use crate::xml::testing;

const CANARY: &str = "c4n4ry";

/// Everything that one piece says, masked.
fn masked(text: &str) -> String {
    let mut element = testing::element(text);
    mask(&mut element);
    crate::xml::writer::to_string(&element)
}

fn check(text: &str, expected: &str) {
    assert_eq!(masked(text), expected, "{text}");
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "<presence><show>dnd</show><status>Good night</status><priority>5</priority></presence>",
        "<iq id='7' type='result'><query xmlns='jabber:iq:roster'><item jid='a@b.example' name='Anna'>\
         <group>Friends</group></item></query></iq>",
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
         <authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline><fast xmlns='urn:xmpp:fast:0' \
         tls-0rtt='true'><mechanism>HT-SHA-256-EXPR</mechanism></fast></inline></authentication></stream:features>",
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>No</text></failure>",
        "<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true'/>",
        "<message from='a@b.example' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items \
         node='http://jabber.org/protocol/tune'><item id='current'><tune xmlns='http://jabber.org/protocol/tune'><title>\
         Marée</title></tune></item></items></event></message>",
        "<message id='1' type='error'><error type='cancel'><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>No</text>\
         </error></message>",
        "<iq id='8' type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish-options><x \
         xmlns='jabber:x:data' type='submit'><field var='pubsub#access_model'><value>presence</value></field></x>\
         </publish-options></pubsub></iq>",
    ] {
        check(text, text);
    }
}

#[test]
fn logins_of_both_profiles_show_their_course_alone() {
    let sasl = |name: &str, inside: &str| format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{inside}</{name}>");
    for name in ["challenge", "response", "success", "unheard-of"] {
        check(&sasl(name, CANARY), &sasl(name, MASK));
    }
    check(
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>c4n4ry</auth>",
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>[masked]</auth>",
    );
    check("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    check(
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-EXPR'><initial-response>c4n4ry</initial-response>\
         <user-agent id='u'><software>xmppd</software></user-agent><fast xmlns='urn:xmpp:fast:0' count='7'/><bind \
         xmlns='urn:xmpp:bind:0'><tag>xmppd</tag></bind></authenticate>",
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-EXPR'><initial-response>[masked]</initial-response>\
         <user-agent id='u'><software>xmppd</software></user-agent><fast xmlns='urn:xmpp:fast:0' count='7'/><bind \
         xmlns='urn:xmpp:bind:0'><tag>xmppd</tag></bind></authenticate>",
    );
    check(
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>c4n4ry</additional-data><authorization-identifier>\
         a@b.example</authorization-identifier><token xmlns='urn:xmpp:fast:0' expiry='soon' token='c4n4ry'/></success>",
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>[masked]</additional-data><authorization-identifier>\
         a@b.example</authorization-identifier><token xmlns='urn:xmpp:fast:0' expiry='soon' token='[masked]'/></success>",
    );
    check(
        "<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'><hash xmlns='urn:xmpp:scram-upgrade:0'>c4n4ry</hash>\
         </next>",
        "<next xmlns='urn:xmpp:sasl:2' task='UPGR-SCRAM-SHA-256'><hash xmlns='urn:xmpp:scram-upgrade:0'>[masked]</hash>\
         </next>",
    );
}

/// One secret in every place that is known to hold one.
const BEARERS: &[&str] = &[
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>c4n4ry</auth>",
    "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c4n4ry</challenge>",
    "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c4n4ry</response>",
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>c4n4ry</success>",
    "<challenge xmlns='urn:xmpp:sasl:2'>c4n4ry</challenge>",
    "<response xmlns='urn:xmpp:sasl:2'>c4n4ry</response>",
    "<authenticate xmlns='urn:xmpp:sasl:2'><initial-response>c4n4ry</initial-response></authenticate>",
    "<continue xmlns='urn:xmpp:sasl:2'><additional-data>c4n4ry</additional-data></continue>",
    "<success xmlns='urn:xmpp:sasl:2'><additional-data>c4n4ry</additional-data></success>",
    "<next xmlns='urn:xmpp:sasl:2'><salt xmlns='urn:xmpp:scram-upgrade:0'>c4n4ry</salt></next>",
    "<task-data xmlns='urn:xmpp:sasl:2'><hash xmlns='urn:xmpp:scram-upgrade:0'>c4n4ry</hash></task-data>",
    "<success xmlns='urn:xmpp:sasl:2'><token xmlns='urn:xmpp:fast:0' token='c4n4ry'/></success>",
    "<token xmlns='urn:xmpp:fast:0'>c4n4ry</token>",
    "<enabled xmlns='urn:xmpp:sm:3' resume-token='c4n4ry'/>",
    "<message><body>c4n4ry</body></message>",
    "<message><subject>c4n4ry</subject></message>",
    "<message><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p>c4n4ry\
     </p></body></html></message>",
    "<message><x xmlns='jabber:x:oob'><url>c4n4ry</url></x></message>",
    "<message><reference xmlns='urn:xmpp:reference:0' uri='aesgcm://c4n4ry'/></message>",
    "<message><x xmlns='jabber:x:conference' jid='r@m' password='c4n4ry'/></message>",
    "<message><x xmlns='http://jabber.org/protocol/muc#user'><password>c4n4ry</password></x></message>",
    "<message><received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>\
     <body>c4n4ry</body></message></forwarded></received></message>",
    "<message><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>\
     <body>c4n4ry</body></message></forwarded></result></message>",
    "<message><encrypted xmlns='eu.siacs.conversations.axolotl'><header><key rid='1'>c4n4ry</key></header></encrypted>\
     </message>",
    "<message><reactions xmlns='urn:xmpp:reactions:0'><reaction>c4n4ry</reaction></reactions></message>",
    "<message><unheard-of xmlns='urn:example:new'>c4n4ry</unheard-of></message>",
    "<presence><x xmlns='http://jabber.org/protocol/muc'><password>c4n4ry</password></x></presence>",
    "<iq><query xmlns='jabber:iq:auth'><password>c4n4ry</password></query></iq>",
    "<iq><query xmlns='jabber:iq:auth'><digest>c4n4ry</digest></query></iq>",
    "<iq><query xmlns='jabber:iq:register'><password>c4n4ry</password></query></iq>",
    "<iq><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><conference jid='r@m'><password>c4n4ry\
     </password></conference></storage></query></iq>",
    "<iq><pubsub xmlns='http://jabber.org/protocol/pubsub'><items><item><conference xmlns='urn:xmpp:bookmarks:1'>\
     <password>c4n4ry</password></conference></item></items></pubsub></iq>",
    "<iq><slot xmlns='urn:xmpp:http:upload:0'><put url='https://u/c4n4ry'/></slot></iq>",
    "<iq><slot xmlns='urn:xmpp:http:upload:0'><put><header name='Authorization'>c4n4ry</header></put></slot></iq>",
    "<iq><slot xmlns='urn:xmpp:http:upload'><put>https://u/c4n4ry</put></slot></iq>",
    "<iq><services xmlns='urn:xmpp:extdisco:2'><service host='turn' username='u' password='c4n4ry'/></services></iq>",
    "<iq><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data'><field type='text-private' var='x'><value>c4n4ry\
     </value></field></x></query></iq>",
    "<iq><x xmlns='jabber:x:data'><field var='muc#roomconfig_roomsecret'><value>c4n4ry</value></field></x></iq>",
    "<iq><x xmlns='jabber:x:data'><field var='Pass-Word'><value>c4n4ry</value></field></x></iq>",
    "<iq><preauth xmlns='urn:xmpp:pars:0' token='c4n4ry'/></iq>",
    "<iq><secretkey xmlns='urn:xmpp:openpgp:0'>c4n4ry</secretkey></iq>",
    "<iq><password><deeper><still at='c4n4ry'>c4n4ry</still></deeper></password></iq>",
];

#[test]
fn every_place_that_bears_a_secret_is_masked() {
    for bearer in BEARERS {
        let masked = masked(bearer);
        assert!(!masked.contains(CANARY) && masked.contains(MASK), "{bearer}: {masked}");
        assert!(testing::element(bearer) != testing::element(&masked), "{masked} is XML");
    }
}

proptest! {
    #[test]
    fn no_secret_survives_wherever_it_stands_and_however_it_is_cut(
        bearers in prop::collection::vec(prop::sample::select(BEARERS), 1..6),
        wraps in prop::collection::vec(prop::sample::select(&["iq", "message", "presence", "forwarded", "x"][..]), 0..5),
        secret in "[a-zA-Z0-9+/=&;<> é夜]{6,40}",
        cut in 1_usize..200,
        damage in prop::option::of((0_usize..2000, any::<u8>())),
    ) {
        let mut escaped = String::new();
        // Around it stand two letters that no mask has, so that it is found again.
        let secret = format!("qz{}zq", secret.trim());
        crate::xml::writer::escape(&secret, &mut escaped);
        let (open, close): (String, String) = wraps.iter().fold((String::new(), String::new()), |(open, close), name| {
            (format!("{open}<{name} xmlns='urn:x:{name}'>"), format!("</{name}>{close}"))
        });
        let inside = bearers.concat().replace(CANARY, &escaped);
        let mut stream = format!("{}{open}{}{close}", testing::HEADER, inside).into_bytes();
        if let Some((at, byte)) = damage
            && let Some(place) = stream.get_mut(at)
        {
            *place = byte;
        }
        let mut framer = Framer::start();
        let mut all = String::new();
        for part in stream.chunks(cut) {
            framer.feed(part, |piece: Piece| all.push_str(&piece.masked()));
        }
        if damage.is_none() {
            prop_assert!(!all.contains("qz") && !all.contains(&escaped), "{all}");
            prop_assert!(all.contains(MASK), "{all}");
        }
    }
}
