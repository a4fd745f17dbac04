//! Whole exchanges against published and independently computed vectors, and everything a server may do wrong.

use proptest::prelude::*;

use super::super::binding::{BindingType, Gs2, Profile};
use super::*;

const NONCE: &str = "k2Vb0nZ7QmH4sYt1";
const SERVER_FIRST: &str = "r=k2Vb0nZ7QmH4sYt19rWfXc3e,s=c2FsdHktZXhhbXBsZS0wMQ==,i=10000";
const LIST_HASH: &str = ",h=slyf3Bw5H0v5TL80f2H+7M5sk2dIUqeTpo0mebt21aE=";

fn offer() -> Offer {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Offer {
        profile: Profile::Sasl2,
        mechanisms: owned(&["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"]),
        types: Some(owned(&["tls-exporter", "tls-server-end-point"])),
    }
}

fn choice(hash: Hash, gs2: Gs2) -> Choice {
    Choice { hash, gs2, must_prove_list: false }
}

fn exporter() -> Gs2 {
    Gs2::Bound { kind: BindingType::TlsExporter, data: (0..32).collect() }
}

/// A login as far as the server's first message.
fn answer_to(choice: Choice, server_first: &[u8]) -> Result<Challenge, Error> {
    let first = ClientFirst::with_nonce("mira", choice, NONCE.into()).unwrap();
    first.server_first(server_first, &offer(), TlsVersion::V1_3)
}

struct Exchange {
    choice: Choice,
    username: &'static str,
    password: &'static str,
    nonce: &'static str,
    client_first: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

fn check(exchange: Exchange) -> Authenticated {
    let mechanism = exchange.choice.mechanism();
    let first = ClientFirst::with_nonce(exchange.username, exchange.choice, exchange.nonce.into()).unwrap();
    assert_eq!(String::from_utf8(first.message()).unwrap(), exchange.client_first);
    let challenge = first.server_first(exchange.server_first.as_bytes(), &offer(), TlsVersion::V1_3).unwrap();
    let salted = derive(&Secret::new(exchange.password.into()), challenge.derivation()).unwrap();
    let (message, expecting) = challenge.proof(&salted);
    assert_eq!(String::from_utf8(message).unwrap(), exchange.client_final);
    let authenticated = expecting.server_final(exchange.server_final.as_bytes()).unwrap();
    assert_eq!(authenticated.mechanism(), mechanism);
    authenticated
}

#[test]
fn the_published_exchanges_come_out_byte_for_byte() {
    check(Exchange {
        choice: choice(Hash::Sha1, Gs2::Unsupported),
        username: "user",
        password: "pencil",
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        client_first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    });
    check(Exchange {
        choice: choice(Hash::Sha256, Gs2::Unsupported),
        username: "user",
        password: "pencil",
        nonce: "rOprNGfwEbeRWgbNEkqO",
        client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                       p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    });
    check(Exchange {
        choice: choice(Hash::Sha512, Gs2::Unsupported),
        username: "user",
        password: "pencil",
        nonce: "rOprNGfwEbeRWgbNEkqO",
        client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,\
                       s=Yin2FuHTt/M0kJWb0t9OI32n2VmOGi3m+JfjOvuDF88=,i=4096",
        client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO02431b08-2f89-4bad-a4e6-80c0564ec865,p=Hc5yec3NmCD7t+kFRw4/3yD6/F3S\
                       QHc7AVYschRja+Bc3sbdjlA0eH1OjJc0DD4ghn1tnXN5/Wr6qm9xmaHt4A==",
        server_final: "v=BQuhnKHqYDwQWS5jAw4sZed+C9KFUALsbrq81bB0mh+bcUUbbMPNNmBIupnS2AmyyDnG5CTBQtkjJ9kyY4kzmw==",
    });
}

#[test]
fn every_channel_binding_flag_enters_the_proof() {
    let exchange = |gs2, client_first, server_first, client_final, server_final| Exchange {
        choice: choice(Hash::Sha256, gs2),
        username: "mira",
        password: "correct horse",
        nonce: NONCE,
        client_first,
        server_first,
        client_final,
        server_final,
    };
    let bound = check(exchange(
        exporter(),
        "p=tls-exporter,,n=mira,r=k2Vb0nZ7QmH4sYt1",
        "r=k2Vb0nZ7QmH4sYt19rWfXc3e,s=c2FsdHktZXhhbXBsZS0wMQ==,i=10000,\
         h=slyf3Bw5H0v5TL80f2H+7M5sk2dIUqeTpo0mebt21aE=,t=0304",
        "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=k2Vb0nZ7QmH4sYt19rWfXc3e,\
         p=sz8dMAPczIZW6lVucnS7F5kn0N80/507N78PKXj1lN0=",
        "v=WwYsWAGqMMshvbIr3xDoi03XJedFUMDGNdPFGjHJr7E=",
    ));
    assert_eq!((bound.binding(), bound.list_proof()), (Some(BindingType::TlsExporter), ListProof::Current));
    let unbound = check(exchange(
        Gs2::Unsupported,
        "n,,n=mira,r=k2Vb0nZ7QmH4sYt1",
        SERVER_FIRST,
        "c=biws,r=k2Vb0nZ7QmH4sYt19rWfXc3e,p=y5eJy+3+zsp7mQBZhWtH1l7UhusfUPijRAkxc5auOIQ=",
        "v=qiLJDQKrrSPFkzPcwqe9YqCkzLLNm9r9w5X8w3noBfo=",
    ));
    assert_eq!((unbound.binding(), unbound.list_proof()), (None, ListProof::Absent));
    check(exchange(
        Gs2::NotOffered,
        "y,,n=mira,r=k2Vb0nZ7QmH4sYt1",
        SERVER_FIRST,
        "c=eSws,r=k2Vb0nZ7QmH4sYt19rWfXc3e,p=saOTA2+9POAcnUPx0rlop9lA+sq81kZCJtQSpT+gqPA=",
        "v=HlIpW2RiXt8P4Xs1L2nBkxpFkd4j66QwavGoiLWPZUQ=,x=ignored",
    ));
}

#[test]
fn names_are_escaped_and_both_texts_prepared() {
    check(Exchange {
        choice: choice(Hash::Sha256, Gs2::Unsupported),
        username: "a,b=\u{ad}c",
        password: "I\u{ad}\u{a0}X",
        nonce: NONCE,
        client_first: "n,,n=a=2Cb=3Dc,r=k2Vb0nZ7QmH4sYt1",
        server_first: SERVER_FIRST,
        client_final: "c=biws,r=k2Vb0nZ7QmH4sYt19rWfXc3e,p=llrb/GfOwwP7z5YB54DJyyTKA1EaHQ1XuFewGgNBV5s=",
        server_final: "v=tdviCb++uDjAzZQxlI39hy7by62t6cnHDRYbOPcZego=",
    });
    let mut entropy = Entropy::new([0; 32]);
    for username in ["", "\u{ad}", "a\u{7}", "\u{627}1"] {
        let refused = ClientFirst::new(username, choice(Hash::Sha1, Gs2::NotOffered), &mut entropy);
        assert_eq!(refused.map(|_| ()), Err(Prohibited::UserName), "{username:?}");
    }
    let derivation = Derivation { hash: Hash::Sha1, salt: vec![1], iterations: 4096 };
    let refused = derive(&Secret::new("bell\u{7}".into()), &derivation);
    assert_eq!(refused.map(|_| ()), Err(Prohibited::Password));
}

#[test]
fn each_login_has_a_long_nonce_of_its_own() {
    let mut entropy = Entropy::new([9; 32]);
    let mut nonce = || ClientFirst::new("mira", choice(Hash::Sha1, Gs2::NotOffered), &mut entropy).unwrap().nonce;
    let (first, second) = (nonce(), nonce());
    assert_ne!(first, second);
    assert!(first.len() >= 24 && first.bytes().all(|byte| byte.is_ascii_graphic() && byte != b','), "{first}");
}

#[test]
fn a_challenge_that_breaks_the_rules_is_refused() {
    let check = |message: &str, fault| {
        let refused = answer_to(choice(Hash::Sha256, exporter()), message.as_bytes());
        assert_eq!(refused.map(|_| ()), Err(Error::MalformedChallenge(fault)), "{message:?}");
    };
    for message in [
        "",
        "r=k2Vb0nZ7QmH4sYt19rWfXc3e",
        "s=c2FsdA==,r=k2Vb0nZ7QmH4sYt19,i=4096",
        "r=k2Vb0nZ7QmH4sYt19,i=4096,s=c2FsdA==",
        "x=1,r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=04096",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=+4096",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096 ",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096,",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096,x",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096,xy=1",
        "r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096,t=0304,t=0304",
    ] {
        check(message, Fault::Syntax);
    }
    for nonce in ["", NONCE, "k2Vb0nZ7QmH4sYt", "9rWfXc3ek2Vb0nZ7QmH4sYt1", "k2Vb0nZ7QmH4sYt1 x", "k2Vb0nZ7QmH4sYt1é"]
    {
        check(&format!("r={nonce},s=c2FsdA==,i=4096"), Fault::Nonce);
    }
    for salt in ["", "c2FsdA", "c2F sdA==", "%%%%"] {
        check(&format!("r=k2Vb0nZ7QmH4sYt19,s={salt},i=4096"), Fault::Salt);
    }
    check("m=x,r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096", Fault::MandatoryExtension);
    check("r=k2Vb0nZ7QmH4sYt19,s=c2FsdA==,i=4096,x=1,m=x", Fault::MandatoryExtension);
    let not_text = answer_to(choice(Hash::Sha256, exporter()), b"r=k2Vb0nZ7QmH4sYt1\xff,s=c2FsdA==,i=4096");
    assert_eq!(not_text.map(|_| ()), Err(Error::MalformedChallenge(Fault::Syntax)));
}

#[test]
fn unknown_optional_extensions_are_ignored() {
    let message = format!("{SERVER_FIRST},x=1,q=,z=a=b");
    assert!(answer_to(choice(Hash::Sha256, exporter()), message.as_bytes()).is_ok());
}

#[test]
fn the_count_of_iterations_has_a_floor_and_a_cap() {
    let check = |count: &str, accepted: bool| {
        let message = format!("r={NONCE}x,s=c2FsdA==,i={count}");
        match answer_to(choice(Hash::Sha256, exporter()), message.as_bytes()) {
            Ok(challenge) => {
                assert_eq!((challenge.derivation().iterations.to_string().as_str(), true), (count, accepted))
            }
            Err(error) => assert_eq!((matches!(error, Error::IterationsOutOfRange(_)), accepted), (true, false)),
        }
    };
    check("4096", true);
    check("1000000", true);
    for count in ["1", "4095", "1000001", "4294967296", "18446744073709551617", "9".repeat(400).as_str()] {
        check(count, false);
    }
}

#[test]
fn signs_of_a_downgrade_end_the_login_before_the_proof() {
    let check = |must_prove_list, extensions: &str, expected: Result<ListProof, Downgrade>| {
        let choice = Choice { must_prove_list, ..choice(Hash::Sha256, Gs2::Unsupported) };
        let found =
            answer_to(choice, format!("{SERVER_FIRST}{extensions}").as_bytes()).map(|challenge| challenge.list_proof);
        assert_eq!(found, expected.map_err(Error::Downgrade), "{extensions}");
    };
    let legacy = ",h=q2vBZKA4kkMfK1W+4aDvW4yNbmf8v81mM70yPj5rnOY=";
    for must_prove_list in [false, true] {
        check(must_prove_list, LIST_HASH, Ok(ListProof::Current));
        check(must_prove_list, legacy, Ok(ListProof::Legacy));
        check(must_prove_list, &format!(",t=0304{LIST_HASH}"), Ok(ListProof::Current));
        check(must_prove_list, &format!("{LIST_HASH},t=0303"), Err(Downgrade::TlsVersionDiffers));
        check(must_prove_list, ",h=yp+GtG8dzBSgR+41W4kug7CDqdrjhBjFxcrW1Gs2mAc=", Err(Downgrade::ListsDiffer));
        check(must_prove_list, ",h=", Err(Downgrade::ListsDiffer));
    }
    check(false, "", Ok(ListProof::Absent));
    check(true, "", Err(Downgrade::ListsUnproven));
}

#[test]
fn only_the_right_signature_authenticates_the_server() {
    let salted = SaltedPassword(Zeroizing::new(vec![7; 32]));
    let check = |message: &[u8], expected| {
        let challenge = answer_to(choice(Hash::Sha256, exporter()), SERVER_FIRST.as_bytes()).unwrap();
        let found = challenge.proof(&salted).1.server_final(message);
        assert_eq!(found.map(|_| ()), Err(expected), "{}", message.escape_ascii());
    };
    let refused = |name: &str| Error::Refused(name.to_owned());
    check(b"", Error::ServerNotProven);
    check(b"v=", Error::ServerNotProven);
    check(b"v=WwYsWAGqMMshvbIr3xDoi03XJedFUMDGNdPFGjHJr7E=", Error::ServerNotProven);
    check(b"x=1,v=WwYsWAGqMMshvbIr3xDoi03XJedFUMDGNdPFGjHJr7E=", Error::ServerNotProven);
    check(b"\xff", Error::ServerNotProven);
    check(b"e=invalid-proof", refused("invalid-proof"));
    check(b"e=unknown-user,x=1", refused("unknown-user"));
    check("e=\u{202e}boo".as_bytes(), refused("other-error"));
    check(b"e=", refused("other-error"));
    let early = answer_to(choice(Hash::Sha256, exporter()), b"e=unknown-user");
    assert_eq!(early.map(|_| ()), Err(refused("unknown-user")));
}

#[test]
fn nothing_derived_from_the_password_is_printed() {
    let salted = SaltedPassword(Zeroizing::new(vec![0xab; 32]));
    assert_eq!(format!("{salted:?}"), "SaltedPassword(…)");
    let challenge = answer_to(choice(Hash::Sha256, exporter()), SERVER_FIRST.as_bytes()).unwrap();
    assert_eq!(format!("{:?}", challenge.proof(&salted).1), "Expecting(…)");
}

proptest! {
    #[test]
    fn no_bytes_of_a_server_make_us_panic(first in any::<Vec<u8>>(), last in any::<Vec<u8>>()) {
        let refused = answer_to(choice(Hash::Sha1, Gs2::NotOffered), &first).is_err();
        prop_assert!(refused);
        let challenge = answer_to(choice(Hash::Sha1, exporter()), SERVER_FIRST.as_bytes()).unwrap();
        let expecting = challenge.proof(&SaltedPassword(Zeroizing::new(vec![1; 20]))).1;
        let refused = expecting.server_final(&last).is_err();
        prop_assert!(refused);
    }

    #[test]
    fn no_garbled_challenge_makes_us_panic(
        nonce in "\\PC{0,8}",
        salt in "[A-Za-z0-9+/=]{0,8}",
        count in "[0-9]{0,12}",
        rest in "(,[a-z]?=?\\PC{0,4}){0,3}",
    ) {
        let message = format!("r={NONCE}{nonce},s={salt},i={count}{rest}");
        if let Ok(challenge) = answer_to(choice(Hash::Sha512, Gs2::NotOffered), message.as_bytes()) {
            prop_assert!((4096..=1_000_000).contains(&challenge.derivation().iterations));
        }
    }
}
