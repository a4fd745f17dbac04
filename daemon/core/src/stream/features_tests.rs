//! What a server offers, as it is read.

use proptest::prelude::*;

use super::*;
use crate::xml::testing;

fn features(inside: &str) -> Features {
    let element = testing::element(&format!("<stream:features>{inside}</stream:features>"));
    Features::parse(&element).expect("the test wrote features")
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn features_before_and_after_tls_are_read() {
    let before = features("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>");
    assert_eq!(before, Features { starttls: true, ..Features::default() });
    let after = features(
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism>
           <mechanism> PLAIN </mechanism><mechanism/><mechanism xmlns='urn:other'>X</mechanism></mechanisms>
         <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>10000</max-bytes><idle-seconds>840</idle-seconds></limits>
         <unheard-of xmlns='urn:x'/>",
    );
    assert_eq!(after.mechanisms, strings(&["SCRAM-SHA-1", "PLAIN"]));
    assert_eq!(after.limits.max_bytes, Some(10_000));
    assert_eq!(after.limits.idle, Some(Duration::from_secs(840)));
    assert_eq!(after.channel_bindings, None);
    assert!(!after.starttls);
}

#[test]
fn features_after_login_are_read() {
    let found = features(
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><required/></bind>
         <session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>
         <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://prosody.im' ver='QQ='/>
         <sm xmlns='urn:xmpp:sm:2'/><sm xmlns='urn:xmpp:sm:3'/><csi xmlns='urn:xmpp:csi:0'/>
         <ver xmlns='urn:xmpp:features:rosterver'/><sub xmlns='urn:xmpp:features:pre-approval'/>",
    );
    let expected = Features {
        bind: true,
        management: true,
        client_state: true,
        roster_versioning: true,
        pre_approval: true,
        caps: Some("http://prosody.im#QQ=".to_owned()),
        ..Features::default()
    };
    assert_eq!(found, expected);
    assert!(!features("<sm xmlns='urn:xmpp:sm:2'/>").management);
    assert!(features("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>").session_required);
}

#[test]
fn the_mechanisms_of_a_login_are_not_mixed_with_those_of_tokens() {
    let mechanisms = "<mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>SCRAM-SHA-256</mechanism>";
    let inline = "<inline><sm xmlns='urn:xmpp:sm:3'/>
        <bind xmlns='urn:xmpp:bind:0'><inline>
          <feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:csi:0'/><feature/></inline></bind>
        <fast xmlns='urn:xmpp:fast:0' tls-0rtt='true'>
          <mechanism>HT-SHA-256-EXPR</mechanism><mechanism>HT-SHA-256-ENDP</mechanism></fast></inline>";
    let expected = Authentication {
        mechanisms: strings(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]),
        management: true,
        bind: Some(strings(&["urn:xmpp:carbons:2", "urn:xmpp:csi:0"])),
        fast: Some(Fast { mechanisms: strings(&["HT-SHA-256-EXPR", "HT-SHA-256-ENDP"]), early_data: true }),
        upgrades: strings(&["UPGR-SCRAM-SHA-512"]),
    };
    let upgrade = "<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-512</upgrade>";
    let bindings = "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>
        <channel-binding type='not-heard-of'/><channel-binding/></sasl-channel-binding>";
    for content in [format!("{mechanisms}{inline}{upgrade}"), format!("{inline}{upgrade}{mechanisms}")] {
        let found = features(&format!("<authentication xmlns='urn:xmpp:sasl:2'>{content}</authentication>{bindings}"));
        assert_eq!(found.authentication.as_ref(), Some(&expected));
        assert_eq!(found.channel_bindings, Some(strings(&["tls-exporter", "not-heard-of"])));
        assert_eq!(found.mechanisms, strings(&[]));
        assert!(!found.management && !found.bind);
    }
    let bare = features("<authentication xmlns='urn:xmpp:sasl:2'/><sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'/>");
    assert_eq!(bare.authentication, Some(Authentication::default()));
    assert_eq!(bare.channel_bindings, Some(Vec::new()));
}

#[test]
fn limits_nobody_can_keep_are_no_limits() {
    let check = |text: &str, expected: Option<u64>| {
        let limits =
            features(&format!("<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>{text}</max-bytes></limits>"));
        assert_eq!(limits.limits, StreamLimits { max_bytes: expected, idle: None }, "{text}");
    };
    check(" 262144 ", Some(262_144));
    check("0", None);
    check("-1", None);
    check("99999999999999999999999", None);
    check("many", None);
    check("", None);
}

const NAMES: &[&str] =
    &["features", "authentication", "mechanism", "inline", "bind", "fast", "limits", "max-bytes", "c"];
const NAMESPACES: &[&str] = &[ns::STREAM, ns::SASL2, ns::SASL, ns::BIND2, ns::FAST, ns::STREAM_LIMITS, ns::CAPS];

proptest! {
    #[test]
    fn no_element_makes_them_panic(element in testing::elements(NAMES, NAMESPACES)) {
        Features::parse(&element);
        Features::parse(&Element::new("features", ns::STREAM).with_child(element.clone()));
        Authentication::parse(&element);
        crate::stream::header::Header::parse(&element);
        crate::stream::error::StreamError::parse(&element);
    }
}
