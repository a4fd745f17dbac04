//! What most methods and events are about: status, tunes, accounts, messages, the daemon.

use xmppd_proto::reply::*;
use xmppd_proto::request::*;
use xmppd_proto::*;

use super::{at, check, check_request, file, some};

fn tune() -> Tune {
    Tune {
        artist: some("Ondes Lentes"),
        title: some("Marée"),
        source: some("Low Tide"),
        track: some("3"),
        length_ms: Some(241_000),
        uri: some("https://music.example/maree"),
        rating: Some(8),
    }
}

fn status() -> AccountStatus {
    AccountStatus {
        account: "home".into(),
        jid: "romeo@verona.example/xmppd.1".into(),
        connection: ConnectionState::Online,
        delivery: Delivery::Acknowledged,
        requested: Presence { show: Show::Dnd, status: some("Good night"), priority: 5 },
        effective: Presence { show: Show::Dnd, status: some("Good night"), priority: 5 },
        layers: vec![Layer { show: Some(Show::Dnd), status: some("Good night"), ..Layer::new(LayerName::Base) }],
        directed: Vec::new(),
        error: None,
    }
}

fn account() -> AccountInfo {
    AccountInfo {
        account: "home".into(),
        jid: "romeo@verona.example".into(),
        enabled: true,
        state: ConnectionState::Online,
        since: at("2026-11-22T18:00:00.5Z"),
        error: None,
        server: some("chat.verona.example:5222"),
        tls: Some(Tls { version: "1.3".into(), cipher: "TLS13_AES_256_GCM_SHA384".into() }),
        auth: Some(Auth {
            mechanism: "SCRAM-SHA-256-PLUS".into(),
            channel_binding: some("tls-exporter"),
            profile: AuthProfile::Sasl,
        }),
        stream: Some(Stream { resumable: true, resumed: false, round_trips: 7, bound_ms: 120 }),
    }
}

fn contact() -> Contact {
    Contact {
        jid: "juliet@capulet.example".into(),
        name: some("Juliet"),
        groups: vec!["Friends".into()],
        subscription: Subscription::Both,
        ask: None,
        approved: false,
        resources: vec![Resource {
            resource: some("balcony"),
            show: Show::Away,
            status: some("At the window"),
            priority: 0,
            since: Some(at("2026-11-22T17:00:00Z")),
        }],
        tune: Some(Box::new(Tune { title: some("Nightingale"), ..Tune::default() })),
        personal: Personal::default(),
    }
}

fn roster() -> RosterReport {
    let asked = Contact {
        jid: "nurse@capulet.example".into(),
        name: None,
        groups: vec![],
        subscription: Subscription::None,
        ask: Some(Ask::Subscribe),
        approved: false,
        resources: vec![],
        tune: None,
        personal: Personal::default(),
    };
    RosterReport {
        accounts: vec![AccountRoster { account: "home".into(), contacts: vec![contact(), asked], requests: vec![] }],
    }
}

fn published() -> TuneReport {
    TuneReport { tune: Some(tune()), player: some("mpv"), state: TuneState::Playing, ..TuneReport::default() }
}

fn message() -> Message {
    Message {
        account: "home".into(),
        id: "m1".into(),
        direction: Direction::In,
        from: "juliet@capulet.example/balcony".into(),
        to: "romeo@verona.example".into(),
        message_type: MessageType::Chat,
        body: some("Wherefore art thou?"),
        subject: None,
        encrypted: None,
        urls: Vec::new(),
        timestamp: at("2026-11-22T18:01:00Z"),
        delayed: true,
        carbon: false,
        stanza_id: some("s1"),
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
    }
}

#[test]
fn every_request_has_a_golden_file() {
    for method in METHODS {
        assert!(file(&format!("request/{}", method.name)).exists(), "{} has no golden file", method.name);
    }
}

#[test]
fn requests_keep_their_shape() {
    check_request("status", &Status { account: some("home") });
    check_request(
        "status.set",
        &StatusSet {
            status: some("Good night"),
            priority: Some(-5),
            account: some("all"),
            wait_ms: Some(2_000),
            no_wait: true,
            ..StatusSet::new(Show::Dnd)
        },
    );
    check_request("tune", &TuneShow {});
    let Tune { artist, title, source, track, length_ms, uri, .. } = tune();
    check_request("tune.set", &TuneSet { artist, title, source, track, length_ms, uri, for_ms: None });
    check_request("tune.clear", &TuneClear {});
    check_request("tune.on", &TuneOn {});
    check_request("tune.off", &TuneOff {});
    check_request("tune.players", &TunePlayers {});
    check_request("roster", &Roster { online: true, group: some("Friends"), account: some("home") });
    check_request("account.list", &AccountListing { account: some("home") });
    check_request("account.show", &AccountShow { account: some("home") });
    check_request("account.connect", &AccountConnect { account: some("home"), wait_ms: Some(1), no_wait: true });
    check_request("account.disconnect", &AccountDisconnect { account: some("home") });
    check_request(
        "send",
        &Send {
            subject: some("Parting"),
            message_type: Some(MessageType::Normal),
            account: some("home"),
            ..Send::new("juliet@capulet.example".into(), "Good night".into())
        },
    );
    let condition = Condition::Contact { jid: "juliet@capulet.example".into(), show: Some(Show::Online) };
    let (to, body) = ("juliet@capulet.example".into(), "Good night".into());
    let once = Send { id: some("backup-7"), ..Send::new(to, body) };
    check_request("send-once", &once);
    check_request("send-again", &Send { again: true, ..once });
    let correction = Send { correct: some("m3"), ..Send::new("juliet@capulet.example".into(), "Good morrow".into()) };
    check_request("send-correct", &correction);
    let kept = Send { no_wait: true, ..Send::new("juliet@capulet.example".into(), "Good night".into()) };
    check_request("send-no-wait", &kept);
    check_request("outbox.list", &OutboxListing { account: some("home") });
    check_request("outbox.cancel", &OutboxCancel { id: "m3".into(), account: some("home") });
    check_request("outbox.retry", &OutboxRetry { id: "m5".into(), account: some("home") });
    check_request("wait", &Wait { condition, account: some("home"), timeout_ms: Some(5_000) });
    check_request("watch.start", &WatchStart { topics: Topic::ALL[..8].to_vec() });
    check_request("watch.stop", &WatchStop {});
    check_request("ping", &Ping { jid: some("capulet.example"), account: some("home"), timeout_ms: Some(1_000) });
    check_request("doctor", &Doctor {});
    check_request("config.check", &ConfigCheck {});
    check_request("config.reload", &ConfigReload {});
    check_request("config.get", &ConfigGet { key: some("tune.settle") });
    check_request("daemon.hello", &DaemonHello { protocol: Some(PROTOCOL) });
    check_request("daemon.status", &DaemonShow {});
    check_request("daemon.stop", &DaemonStop {});
    check_request("daemon.restart", &DaemonRestart {});
    check_request("rpc.describe", &RpcDescribe {});
}

#[test]
fn replies_about_presence_and_tune_keep_their_shape() {
    check("reply/status", &StatusReport { accounts: vec![status()] });
    check("reply/tune", &published());
    check(
        "reply/tune-off",
        &TuneReport { state: TuneState::Off, reason: some("switched off with `tune off`"), ..TuneReport::default() },
    );
    check(
        "reply/tune.players",
        &PlayerList {
            players: vec![Player {
                player: "mpv".into(),
                bus_name: "org.mpris.MediaPlayer2.mpv.instance7".into(),
                identity: some("mpv Media Player"),
                state: PlayerState::Playing,
                chosen: true,
                rule: "allow *".into(),
                tune: Some(tune()),
            }],
        },
    );
    check("reply/roster", &roster());
}

#[test]
fn replies_about_accounts_and_messages_keep_their_shape() {
    let stopped = AccountInfo {
        state: ConnectionState::Stopped,
        error: Some(AccountError {
            kind: "authentication".into(),
            message: "the server refused the password".into(),
            retry_at: Some(at("2026-11-22T18:05:00Z")),
        }),
        server: None,
        tls: None,
        auth: None,
        stream: None,
        ..account()
    };
    check("reply/account.list", &AccountList { accounts: vec![account(), stopped] });
    check(
        "reply/send",
        &SendReport {
            account: "home".into(),
            id: "m2".into(),
            state: SendState::Sent,
            to: "juliet@capulet.example".into(),
            url: None,
        },
    );
    let waiting = |id: &str, state, attempts| OutboxMessage {
        account: "home".into(),
        id: id.into(),
        to: "juliet@capulet.example".into(),
        state,
        attempts,
        queued_at: at("2026-11-22T18:00:00Z"),
        reason: None,
    };
    let reason = some("it was on its way 2 times in a row when the server ended the stream: bad-format");
    let uncertain = OutboxMessage { reason, ..waiting("m5", OutboxState::Uncertain, 2) };
    let messages = vec![waiting("m3", OutboxState::Sent, 2), waiting("m4", OutboxState::Queued, 0), uncertain];
    check("reply/outbox.list", &OutboxList { messages });
    check("reply/ping", &Pong { account: "home".into(), from: "verona.example".into(), round_trip_ms: 12 });
    check("reply/wait", &WaitReport { condition: "online".into(), account: some("home"), waited_ms: 40 });
}

#[test]
fn replies_about_the_daemon_keep_their_shape() {
    check("reply/daemon.hello", &Hello { protocol: 1, version: "0.1.0".into() });
    check(
        "reply/daemon.status",
        &DaemonStatus {
            version: "0.1.0".into(),
            protocol: 1,
            pid: 42,
            since: at("2026-11-22T18:00:00Z"),
            config: "/home/romeo/.config/xmppd/config.toml".into(),
            state: "/home/romeo/.local/state/xmppd".into(),
            socket: some("/run/user/1000/xmppd/rpc.sock"),
            bus_name: some("org.xmppctl.Daemon1"),
            clients: 2,
            watchers: 1,
            memory: Some(9_000_000),
        },
    );
    check("reply/done", &Done {});
    check("reply/watch.start", &WatchReport { topics: vec![Topic::Status, Topic::Tune] });
    let file = "/home/romeo/.config/xmppd/config.toml".to_owned();
    check(
        "reply/config",
        &ConfigReport { file: file.clone(), accounts: vec!["home".into()], changed: vec!["tune".into()] },
    );
    check("reply/config.get", &ConfigValues { file, values: serde_json::json!({"settle": "3s"}) });
    check(
        "reply/doctor",
        &DoctorReport {
            checks: vec![Check {
                check: "session-bus".into(),
                account: None,
                state: CheckState::Warning,
                message: "there is no session bus".into(),
                hint: some("start xmppd from the user's own systemd"),
            }],
        },
    );
}

fn check_snapshot(state: State) {
    let snapshot: Event =
        serde_json::from_str(&serde_json::to_string(&state.snapshot(Topics::all())).unwrap()).unwrap();
    assert_eq!(snapshot, Event::new(0, Change::Snapshot(Box::new(state))));
    check("event/snapshot", &snapshot);
}

#[test]
fn a_snapshot_keeps_its_shape() {
    let state = State {
        status: StatusReport { accounts: vec![status()] },
        tune: published(),
        roster: roster(),
        account: AccountList { accounts: vec![account()] },
        ..State::default()
    };
    check_snapshot(state);
}

#[test]
fn events_keep_their_shape() {
    check("event/gap", &Event::gap());
    let count = OutboxCount { account: "home".into(), waiting: 2 };
    check("event/outbox", &Event::new(7, Change::Outbox(count)));
    check("event/status", &Event::new(1, Change::Status(status())));
    check("event/tune", &Event::new(2, Change::Tune(TuneChange { account: None, jid: None, report: published() })));
    check(
        "event/tune-contact",
        &Event::new(
            3,
            Change::Tune(TuneChange {
                account: some("home"),
                jid: some("juliet@capulet.example"),
                report: TuneReport { tune: Some(tune()), state: TuneState::Playing, ..TuneReport::default() },
            }),
        ),
    );
    check(
        "event/presence",
        &Event::new(
            4,
            Change::Presence(PresenceChange {
                account: "home".into(),
                jid: some("juliet@capulet.example"),
                resource: some("balcony"),
                show: Show::Away,
                status: some("At the window"),
                priority: 1,
                since: Some(at("2026-11-22T17:00:00Z")),
            }),
        ),
    );
    check(
        "event/presence-none",
        &Event::new(5, Change::Presence(PresenceChange { account: "home".into(), ..PresenceChange::default() })),
    );
    check(
        "event/roster",
        &Event::new(
            6,
            Change::Roster(RosterChange {
                account: "home".into(),
                contacts: vec![contact()],
                removed: vec!["paris@verona.example".into()],
                whole: true,
                ..RosterChange::default()
            }),
        ),
    );
    check("event/message", &Event::new(7, Change::Message(Box::new(message()))));
    check("event/account", &Event::new(8, Change::Account(Box::new(account()))));
}

#[test]
fn failures_keep_their_shape() {
    let failure =
        Failure::new(Kind::Refused, "the server refused it").with_hint("ask its owner").with_condition("not-allowed");
    check("failure", &failure);
    check("error", &jsonrpc::Error::from(failure));
}
