//! The rows of XEP-0440's table, each with what we can and cannot bind by.

use super::*;

const BOTH: &str = "tls-exporter tls-server-end-point";

fn offer(profile: Profile, mechanisms: &str, types: Option<&str>) -> Offer {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Offer { profile, mechanisms: words(mechanisms), types: types.map(words) }
}

/// A TLS 1.3 session, a TLS 1.2 session, one whose certificate is Ed25519, and one with nothing.
fn session(name: &str) -> Bindings {
    let (exporter, end_point) = match name {
        "1.3" => (Some([1; 32]), Some(vec![2; 32])),
        "1.2" => (None, Some(vec![2; 32])),
        "1.3 ed25519" => (Some([1; 32]), None),
        "1.2 ed25519" => (None, None),
        other => panic!("no such session: {other}"),
    };
    Bindings { exporter, end_point }
}

fn outcome(profile: Profile, mechanisms: &str, types: Option<&str>, on: &str) -> String {
    match choose(&offer(profile, mechanisms, types), &session(on)) {
        Ok(choice) => {
            let proof = if choice.must_prove_list { " if proven" } else { "" };
            format!("{} {}{proof}", choice.mechanism(), choice.gs2.header())
        }
        Err(refusal) => format!("{refusal:?}"),
    }
}

fn check(mechanisms: &str, types: Option<&str>, on: &str, expected: &str) {
    for profile in [Profile::Sasl, Profile::Sasl2] {
        assert_eq!(
            outcome(profile, mechanisms, types, on),
            expected,
            "{mechanisms} | {types:?} | TLS {on} | {profile:?}"
        );
    }
}

#[test]
fn the_strongest_that_both_can_do_is_chosen() {
    let all = "PLAIN SCRAM-SHA-1 SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS";
    check(all, Some(BOTH), "1.3", "SCRAM-SHA-512-PLUS p=tls-exporter,,");
    check(all, Some("tls-server-end-point tls-exporter"), "1.3", "SCRAM-SHA-512-PLUS p=tls-exporter,,");
    check(all, Some(BOTH), "1.2", "SCRAM-SHA-512-PLUS p=tls-server-end-point,,");
    check(all, Some("tls-server-end-point"), "1.3", "SCRAM-SHA-512-PLUS p=tls-server-end-point,,");
    check(all, Some("tls-unique tls-exporter"), "1.3 ed25519", "SCRAM-SHA-512-PLUS p=tls-exporter,,");
    check("SCRAM-SHA-512 SCRAM-SHA-1-PLUS", Some(BOTH), "1.3", "SCRAM-SHA-1-PLUS p=tls-exporter,,");
}

#[test]
fn without_any_offer_of_binding_the_flag_tells_whether_we_could() {
    check("PLAIN SCRAM-SHA-1 SCRAM-SHA-256", None, "1.3", "SCRAM-SHA-256 y,,");
    check("SCRAM-SHA-512 SCRAM-SHA-256", Some(""), "1.2", "SCRAM-SHA-512 y,,");
    check("SCRAM-SHA-1", None, "1.2 ed25519", "SCRAM-SHA-1 n,,");
}

#[test]
fn lists_that_contradict_each_other_are_refused() {
    check("SCRAM-SHA-256", Some(BOTH), "1.3", "PlusMissing");
    check("SCRAM-SHA-256", Some("tls-unique"), "1.2 ed25519", "PlusMissing");
    let stripped = "SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    for types in [None, Some("")] {
        assert_eq!(outcome(Profile::Sasl2, stripped, types, "1.3"), "TypesMissing");
        assert_eq!(outcome(Profile::Sasl, stripped, types, "1.3 ed25519"), "TypesMissing");
        let expected = "SCRAM-SHA-256-PLUS p=tls-server-end-point,,";
        assert_eq!(outcome(Profile::Sasl, stripped, types, "1.3"), expected);
    }
}

#[test]
fn a_server_that_binds_otherwise_has_to_prove_its_list() {
    let offered = "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    check(offered, Some("tls-unique"), "1.3", "SCRAM-SHA-256 n,, if proven");
    check(offered, Some("tls-exporter"), "1.2", "SCRAM-SHA-256 n,, if proven");
    check(offered, Some("tls-server-end-point"), "1.3 ed25519", "SCRAM-SHA-256 n,, if proven");
    check(offered, Some(BOTH), "1.2 ed25519", "SCRAM-SHA-256 n,, if proven");
    check("SCRAM-SHA3-512-PLUS SCRAM-SHA-256", Some(BOTH), "1.3", "SCRAM-SHA-256 n,, if proven");
    check("SCRAM-SHA-256-PLUS", Some("tls-unique"), "1.3", "NoCommonBinding");
}

#[test]
fn a_password_is_never_given_away() {
    check("PLAIN", None, "1.3", "OnlyPlain");
    check("PLAIN OAUTHBEARER", Some(BOTH), "1.3", "OnlyPlain");
    check("", None, "1.3", "NoMechanism");
    check("EXTERNAL DIGEST-MD5 HT-SHA-256-EXPR", None, "1.3", "NoMechanism");
}
