//! The face against a bus of its own: callers in this program and programs that are not ours.

mod hub;

use std::collections::HashMap;

use hub::{Face, account, shown, state};
use tokio::{process::Command, time::timeout};
use tokio_stream::StreamExt;
use xmppd_proto::{
    Change, PresenceChange, Request, Show, Timestamp, Tune, TuneChange,
    reply::{ConnectionState, Direction, Message as Received, MessageType, TuneReport},
    request::{StatusClear, StatusSet, TuneSet},
};
use zbus::{
    MessageStream, OwnedVariant, Variant,
    fdo::{ManagedObjects, ObjectManagerProxy},
};

use super::{NAME, PATH, daemon::INTERFACE};
use crate::bus::{
    self, BusState,
    private::{DEADLINE, PrivateBus},
};

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

async fn next(signals: &mut MessageStream) -> zbus::message::Message {
    timeout(DEADLINE, signals.next()).await.expect("a signal in time").unwrap().unwrap()
}

/// The properties that the next `PropertiesChanged` of this interface carries, printed.
async fn next_change(signals: &mut MessageStream, interface: &str) -> HashMap<String, String> {
    loop {
        let message = next(signals).await;
        let body = message.body();
        let (whose, changed, _): (&str, HashMap<String, Variant<'_>>, Vec<&str>) = body.deserialize().unwrap();
        if whose == interface {
            return changed.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        }
    }
}

async fn property(face: &Face, name: &str) -> zbus::Result<String> {
    let question = (INTERFACE, name);
    let properties = Some("org.freedesktop.DBus.Properties");
    let reply = face.caller.call_method(Some(NAME), PATH, properties, "Get", &question).await?;
    Ok(reply.body().deserialize::<OwnedVariant>()?.to_string())
}

/// The error's name and text.
fn error<T: std::fmt::Debug>(outcome: zbus::Result<T>) -> (String, String) {
    match outcome {
        Err(zbus::Error::MethodError(name, text, _)) => (name.to_string(), text.unwrap_or_default()),
        other => panic!("{other:?} is no error of a method"),
    }
}

#[tokio::test]
async fn methods_become_requests() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    face.call("SetStatus", &("busy", "Good night")).await.unwrap();
    face.call("SetStatus", &("online", "")).await.unwrap();
    face.call("ClearStatus", &()).await.unwrap();
    face.call("SetStatusFor", &("xa", "Lunch", 1_800_000u64)).await.unwrap();
    let tune = HashMap::from([("xesam:title", Variant::from("Harbour Lights")), ("xesam:artist", "Alone".into())]);
    face.call("SetTune", &tune).await.unwrap();
    face.call("ClearTune", &()).await.unwrap();
    let id = face.call("Send", &("juliet@capulet.example", "Hello")).await.unwrap();
    assert_eq!(id.body().deserialize::<String>().unwrap(), "m1");

    let asked = face.asked();
    let with_text = StatusSet { status: Some("Good night".to_owned()), ..StatusSet::new(Show::Dnd) };
    assert_eq!(asked[0], Request::StatusSet(with_text));
    assert_eq!(asked[1], Request::StatusSet(StatusSet::new(Show::Online)));
    assert_eq!(asked[2], Request::StatusClear(StatusClear::default()));
    let with_end = StatusSet { status: Some("Lunch".to_owned()), for_ms: Some(1_800_000), ..StatusSet::new(Show::Xa) };
    assert_eq!(asked[3], Request::StatusSet(with_end));
    let (title, artist) = (Some("Harbour Lights".to_owned()), Some("Alone".to_owned()));
    assert_eq!(asked[4], Request::TuneSet(TuneSet { title, artist, ..TuneSet::default() }));
    let methods: Vec<&str> = asked[5..].iter().map(Request::method).collect();
    assert_eq!(methods, ["tune.clear", "send"]);
}

#[tokio::test]
async fn call_reaches_every_method_that_belongs_on_a_bus() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    let reply = face.call("Call", &("status", "")).await.unwrap();
    assert_eq!(reply.body().deserialize::<String>().unwrap(), r#"{"accounts":[]}"#);
    let set = r#" {"show":"xa","account":"home"} "#;
    face.call("Call", &("status.set", set)).await.unwrap();
    let expected = StatusSet { account: Some("home".to_owned()), ..StatusSet::new(Show::Xa) };
    assert_eq!(face.asked()[1], Request::StatusSet(expected));

    let check = async |method: &str, json: &str, kind: &str| {
        let (name, text) = error(face.call("Call", &(method, json)).await);
        assert_eq!(name, format!("org.xmppctl.Error.{kind}"), "{method} {json}: {text}");
    };
    check("roster", "{}", "NotOnline").await;
    check("watch.start", "{}", "Policy").await;
    check("watch.stop", "", "Policy").await;
    check("xml.watch", "{}", "Policy").await;
    check("status.hold", r#"{"show":"dnd"}"#, "Policy").await;
    check("nothing", "{}", "Usage").await;
    check("status", "[]", "Usage").await;
    check("status", "{", "Usage").await;
    check("status.set", r#"{"show":"gone"}"#, "Usage").await;
    check("status", &format!("{{\"account\":\"{}\"}}", "x".repeat(2 << 20)), "Usage").await;
}

#[tokio::test]
async fn a_wait_without_a_limit_is_given_one() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    let _ = face.call("Call", &("wait", r#"{"condition":"online"}"#)).await;
    let _ = face.call("Call", &("wait", r#"{"condition":"online","timeout_ms":7}"#)).await;
    let limits: Vec<_> = face
        .asked()
        .into_iter()
        .map(|request| if let Request::Wait(wait) = request { wait.timeout_ms } else { panic!("{request:?}") })
        .collect();
    assert_eq!(limits, [Some(25_000), Some(7)]);
}

#[tokio::test]
async fn failures_are_named_errors_with_their_sentence() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    let (name, text) = error(face.call("SetStatus", &("gone", "")).await);
    assert_eq!(name, "org.xmppctl.Error.Usage");
    assert!(text.starts_with("`gone` is not one of"), "{text}");
    let (name, text) = error(face.call("Call", &("ping", "")).await);
    assert_eq!((name.as_str(), text.as_str()), ("org.xmppctl.Error.NotOnline", "home is not online: connect it first"));
}

#[tokio::test]
async fn another_users_calls_are_refused_and_nothing_is_asked_or_shown() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid() + 1).await;
    for (name, _) in [
        error(face.call("SetStatus", &("dnd", "")).await),
        error(face.call("ClearStatus", &()).await),
        error(face.call("SetStatusFor", &("dnd", "", 1u64)).await),
        error(face.call("Send", &("juliet@capulet.example", "Hello")).await),
        error(face.call("SetTune", &HashMap::<String, Variant<'_>>::new()).await),
        error(face.call("ClearTune", &()).await),
        error(face.call("Call", &("status", "")).await),
        error(property(&face, "Status").await),
    ] {
        assert_eq!(name, "org.xmppctl.Error.Policy");
    }
    assert_eq!(face.asked(), []);
}

#[tokio::test]
async fn properties_follow_the_events_and_say_what_changed() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    assert_eq!(property(&face, "Show").await.unwrap(), "\"away\"");
    assert_eq!(property(&face, "Status").await.unwrap(), "\"lunch\"");
    assert_eq!(property(&face, "Connection").await.unwrap(), "\"online\"");
    assert_eq!(property(&face, "Unread").await.unwrap(), "uint32 0");
    let mut changes = face.signals("PropertiesChanged").await;

    face.tell(Change::Status(shown(Show::Away, None)));
    let changed = next_change(&mut changes, INTERFACE).await;
    assert_eq!(changed, HashMap::from([("Status".to_owned(), "\"\"".to_owned())]));

    face.tell(Change::Status(shown(Show::Away, None)));
    let tune = Tune { title: Some("Harbour Lights".to_owned()), ..Tune::default() };
    face.tell(Change::Tune(TuneChange {
        report: TuneReport { tune: Some(tune), ..TuneReport::default() },
        ..TuneChange::default()
    }));
    let changed = next_change(&mut changes, INTERFACE).await;
    assert_eq!(changed.keys().collect::<Vec<_>>(), ["Tune"], "the same status again is no change");
    assert!(changed["Tune"].contains("Harbour Lights"));

    face.tell(Change::Gap);
    face.tell(Change::Snapshot(Box::new(state(Show::Dnd, None))));
    let changed = next_change(&mut changes, INTERFACE).await;
    assert_eq!(changed["Show"], "\"dnd\"");
    assert_eq!(property(&face, "Show").await.unwrap(), "\"dnd\"");
}

#[tokio::test]
async fn accounts_are_objects_that_come_and_go() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    let manager = ObjectManagerProxy::new(&face.caller, NAME, PATH).await.unwrap();
    let home = format!("{PATH}/account/home");
    let objects: ManagedObjects = manager.get_managed_objects().await.unwrap();
    let shown = &objects[&zbus::OwnedObjectPath::try_from(home.as_str()).unwrap()]["org.xmppctl.Account1"];
    assert_eq!(shown["Jid"].to_string(), "\"romeo@verona.example\"");
    assert_eq!(shown["State"].to_string(), "\"online\"");
    assert_eq!(shown["Show"].to_string(), "\"away\"");

    let mut added = face.signals("InterfacesAdded").await;
    let mut removed = face.signals("InterfacesRemoved").await;
    let mut changes = face.signals("PropertiesChanged").await;
    face.tell(Change::Account(Box::new(account("work", ConnectionState::Stopped))));
    let body = next(&mut added).await.body();
    let (path, _): (zbus::ObjectPath<'_>, HashMap<String, HashMap<String, Variant<'_>>>) = body.deserialize().unwrap();
    assert_eq!(path.as_str(), format!("{PATH}/account/work"));

    face.tell(Change::Account(Box::new(account("home", ConnectionState::Retrying))));
    let changed = next_change(&mut changes, "org.xmppctl.Account1").await;
    assert_eq!(changed, HashMap::from([("State".to_owned(), "\"retrying\"".to_owned())]));
    let changed = next_change(&mut changes, INTERFACE).await;
    assert_eq!(changed["Connection"], "\"retrying\"", "the best of retrying and stopped");

    face.tell(Change::Snapshot(Box::new(state(Show::Online, None))));
    let body = next(&mut removed).await.body();
    let (path, _): (zbus::ObjectPath<'_>, Vec<String>) = body.deserialize().unwrap();
    assert_eq!(path.as_str(), format!("{PATH}/account/work"));
}

/// A message from juliet, or to her.
fn message(direction: Direction, body: Option<&str>) -> Change {
    Change::Message(Box::new(Received {
        account: "home".to_owned(),
        id: "m7".to_owned(),
        direction,
        from: "juliet@capulet.example/balcony".to_owned(),
        to: "romeo@verona.example".to_owned(),
        message_type: MessageType::Chat,
        body: body.map(str::to_owned),
        subject: None,
        encrypted: None,
        urls: Vec::new(),
        timestamp: Timestamp::UNIX_EPOCH,
        delayed: false,
        carbon: false,
        stanza_id: None,
        origin_id: None,
        room: None,
        state: None,
        reason: None,
        unread: false,
        replaces: None,
        replaced_by: None,
        reply_to: None,
        reactions: vec![],
        retracted: false,
    }))
}

#[tokio::test]
async fn messages_and_presence_are_signals() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    let mut messages = face.signals("MessageReceived").await;
    let mut presences = face.signals("PresenceChanged").await;
    face.tell(message(Direction::Out, Some("mine")));
    face.tell(message(Direction::In, None));
    face.tell(message(Direction::In, Some("Art thou not Romeo?")));
    let signal = next(&mut messages).await.body();
    let told: (&str, &str, &str, &str) = signal.deserialize().unwrap();
    assert_eq!(told, ("home", "juliet@capulet.example/balcony", "Art thou not Romeo?", "m7"));

    let presence = |jid: Option<&str>, resource: Option<&str>, show| {
        Change::Presence(PresenceChange {
            account: "home".to_owned(),
            jid: jid.map(str::to_owned),
            resource: resource.map(str::to_owned),
            show,
            ..PresenceChange::default()
        })
    };
    let juliet = "juliet@capulet.example";
    for (change, jid, show) in [
        (presence(Some(juliet), Some("balcony"), Show::Away), "juliet@capulet.example/balcony", "away"),
        (presence(Some(juliet), None, Show::Offline), juliet, "offline"),
        (presence(None, None, Show::Offline), "", "offline"),
    ] {
        face.tell(change);
        let signal = next(&mut presences).await.body();
        let told: (&str, &str, &str, &str) = signal.deserialize().unwrap();
        assert_eq!(told, ("home", jid, show, ""));
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_reported_and_waited_for() {
    let bus = PrivateBus::start();
    let other = bus.connect().await;
    other.request_name(NAME).await.unwrap();
    let mut face = Face::start_nameless(&bus, own_uid()).await;
    let taken = |state: &BusState| match state {
        BusState::Missing { reason } => reason.contains("is taken by another program"),
        BusState::Connecting | BusState::Present => false,
    };
    face.until_state(taken).await;
    other.release_name(NAME).await.unwrap();
    face.until_state(|state| *state == BusState::Present).await;
    face.call("ClearTune", &()).await.unwrap();
}

#[tokio::test]
async fn a_bus_that_comes_back_is_served_again_and_a_daemon_that_ends_gives_up_the_name() {
    let mut bus = PrivateBus::start();
    let mut face = Face::start(&bus, own_uid()).await;
    bus.stop();
    face.until_state(|state| matches!(state, BusState::Missing { .. })).await;
    face.tell(Change::Status(shown(Show::Xa, None)));
    bus.restart();
    face.until_state(|state| *state == BusState::Present).await;
    face.caller = bus.connect().await;
    assert_eq!(property(&face, "Show").await.unwrap(), "\"xa\"");
    let rule = zbus::MatchRule::builder().interface(bus::NAME).member("NameOwnerChanged").arg(0, NAME).build();
    let mut owners = MessageStream::for_match_rule(rule.unwrap(), &face.caller, None).await.unwrap();
    face.end();
    let signal = next(&mut owners).await.body();
    let (_, _, owner): (&str, &str, &str) = signal.deserialize().unwrap();
    assert_eq!(owner, "");
}

#[tokio::test]
async fn busctl_and_gdbus_find_their_way() {
    let bus = PrivateBus::start();
    let face = Face::start(&bus, own_uid()).await;
    let address = bus.address();
    let run = async |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().await.expect("it is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), text.trim().to_owned())
    };
    let bus_option = format!("--address={address}");
    let busctl = async |arguments: &[&str]| run("busctl", &[&[bus_option.as_str()], arguments].concat()).await;
    let call = ["call", NAME, PATH, INTERFACE];
    assert_eq!(busctl(&[&call[..], &["SetStatus", "ss", "dnd", "Good night"]].concat()).await, (true, String::new()));
    assert_eq!(busctl(&["get-property", NAME, PATH, INTERFACE, "Show"]).await, (true, "s \"away\"".to_owned()));
    let (fine, text) = busctl(&["introspect", NAME, PATH]).await;
    assert!(fine, "{text}");
    for word in ["SetStatus", "ClearStatus", "Send", "SetTune", "ClearTune", "Call", "Unread", "MessageReceived"] {
        assert!(text.contains(word), "{word} is missing in {text}");
    }
    let gdbus_call =
        ["call", "--address", &address, "--dest", NAME, "--object-path", PATH, "--method", "org.xmppctl.Daemon1.Send"];
    let arguments = [&gdbus_call[..], &["juliet@capulet.example", "Hello"]].concat();
    assert_eq!(run("gdbus", &arguments).await, (true, "('m1',)".to_owned()));
    let arguments = [&gdbus_call[..], &["juliet@capulet.example"]].concat();
    assert!(!run("gdbus", &arguments).await.0);
    assert_eq!(face.asked().len(), 2);
}
