//! What we tell of ourselves, what contacts tell, and what they listen to.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::{Change, Event, Failure, Kind, PersonalChange, PersonalPart, State};

use super::{check, check_request, some};

fn personal() -> Personal {
    Personal {
        mood: Some(Box::new(Mood { value: "in_love".into(), text: some("She speaks") })),
        activity: Some(Box::new(Activity {
            general: "relaxing".into(),
            specific: some("partying"),
            text: some("At the Capulets'"),
        })),
        nick: Some("Jule".into()),
        avatar: Some(Box::new(Avatar {
            id: "111f4b3c50d7b0df729d299bc6f8e9ef9066971f".into(),
            media_type: "image/png".into(),
            bytes: 12_345,
            width: Some(64),
            height: Some(64),
        })),
    }
}

#[test]
fn what_is_asked_about_what_people_tell_keeps_its_shape() {
    let account = some("home");
    check_request("mood", &MoodShow { account: account.clone() });
    let (value, text) = ("in_love".into(), some("She speaks"));
    check_request("mood.set", &MoodSet { value, text: text.clone(), account: account.clone() });
    check_request("mood.clear", &MoodClear { account: account.clone() });
    check_request("activity", &ActivityShow { account: account.clone() });
    let (general, specific) = ("relaxing".into(), some("partying"));
    check_request("activity.set", &ActivitySet { general, specific, text, account: account.clone() });
    check_request("activity.clear", &ActivityClear { account: account.clone() });
    check_request("nick", &NickShow { account: account.clone() });
    check_request("nick.set", &NickSet { nick: "Romeo M.".into(), account: account.clone() });
    check_request("nick.clear", &NickClear { account: account.clone() });
    check_request("avatar", &AvatarShow { account: account.clone() });
    check_request("avatar.set", &AvatarSet { data: "iVBORw0KGgo=".into(), account: account.clone() });
    check_request("avatar.clear", &AvatarClear { account: account.clone() });
    check_request("tune.get", &TuneGet { jid: "juliet@verona.example".into(), account });
}

#[test]
fn what_people_tell_keeps_its_shape() {
    let error = Some(Box::new(Failure::new(Kind::NotOnline, "the account work is not online")));
    let work = AccountPersonal { account: "work".into(), personal: Personal::default(), error };
    let home = AccountPersonal { account: "home".into(), personal: personal(), error: None };
    check("reply/personal", &PersonalReport { accounts: vec![home, work] });
    let tune = Some(xmppd_proto::Tune { title: some("Knights"), ..Default::default() });
    let tune = ContactTune { account: "home".into(), jid: "juliet@verona.example".into(), tune };
    check("reply/tune.get", &ContactTunes { accounts: vec![tune] });
    let change =
        |what, personal| PersonalChange { account: "home".into(), jid: "juliet@verona.example".into(), what, personal };
    let nick = Personal { nick: personal().nick, ..Personal::default() };
    check("event/personal", &Event::new(4, Change::Personal(change(PersonalPart::Nick, nick))));
    let cleared = change(PersonalPart::Mood, Personal::default());
    check("event/personal-cleared", &Event::new(5, Change::Personal(cleared)));
    check_request("watch.start-personal", &WatchStart { topics: vec![xmppd_proto::Topic::Personal] });
}

#[test]
fn a_contact_is_known_by_the_last_that_each_part_told() {
    let mut state = State::default();
    let contact = serde_json::json!({"event": "roster", "account": "home",
        "contacts": [{"jid": "juliet@verona.example", "subscription": "both"}]});
    state.apply(serde_json::from_value(contact).unwrap());
    let told = |what, personal| {
        Change::Personal(PersonalChange { account: "home".into(), jid: "juliet@verona.example".into(), what, personal })
    };
    for what in [PersonalPart::Mood, PersonalPart::Activity, PersonalPart::Nick, PersonalPart::Avatar] {
        state.apply(told(what, personal()));
    }
    let known = |state: &State| state.contact("home", "juliet@verona.example").map(|contact| contact.personal.clone());
    assert_eq!(known(&state), Some(personal()));
    state.apply(told(PersonalPart::Mood, Personal::default()));
    assert_eq!(known(&state), Some(Personal { mood: None, ..personal() }));
    // The stream has ended.
    state.apply(serde_json::from_str(r#"{"event": "presence", "account": "home", "show": "offline"}"#).unwrap());
    assert_eq!(known(&state), Some(Personal::default()));
}
