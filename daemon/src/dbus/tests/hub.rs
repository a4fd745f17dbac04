//! The daemon's middle as a test plays it: it notes what is asked, answers as told, and tells subscribers.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use xmppd_proto::{
    Change, Failure, Kind, Reply, Request, Show, State, Timestamp,
    reply::{AccountInfo, AccountStatus, ConnectionState, Delivery, Presence},
};
use zbus::{Connection, MatchRule, MessageStream, message::Message};

use crate::{
    api::{Api, Asked},
    bus::{
        BusState,
        private::{DEADLINE, PrivateBus},
    },
    dbus::{NAME, PATH, daemon::INTERFACE, serve},
};

/// The face at work, with the test at both of its ends.
pub(super) struct Face {
    told: mpsc::UnboundedSender<Change>,
    asked: Arc<Mutex<Vec<Request>>>,
    state: watch::Receiver<BusState>,
    hub: JoinHandle<()>,
    /// A caller's connection.
    pub(super) caller: Connection,
}

impl Face {
    /// A face that has its name and shows one account, answering this user.
    pub(super) async fn start(bus: &PrivateBus, uid: u32) -> Self {
        let mut face = Self::start_nameless(bus, uid).await;
        face.until_state(|state| *state == BusState::Present).await;
        face
    }

    /// A face that may not get its name.
    pub(super) async fn start_nameless(bus: &PrivateBus, uid: u32) -> Self {
        let (api, requests) = Api::new();
        let (told, to_tell) = mpsc::unbounded_channel();
        let (state_sender, state) = watch::channel(BusState::Connecting);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let hub = tokio::spawn(play(requests, to_tell, asked.clone()));
        tokio::spawn(serve(bus.bus(), api, uid, state_sender));
        Self { told, asked, state, hub, caller: bus.connect().await }
    }

    /// Something changes.
    pub(super) fn tell(&self, change: Change) {
        self.told.send(change).unwrap();
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    /// The daemon ends.
    pub(super) fn end(&self) {
        self.hub.abort();
    }

    pub(super) async fn until_state(&mut self, condition: impl Fn(&BusState) -> bool) {
        let reached = timeout(DEADLINE, self.state.wait_for(|state| condition(state))).await.is_ok();
        assert!(reached, "still {:?}", *self.state.borrow());
    }

    /// Calls a method of the daemon's object.
    pub(super) async fn call<B>(&self, method: &str, body: &B) -> zbus::Result<Message>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        self.caller.call_method(Some(NAME), PATH, Some(INTERFACE), method, body).await
    }

    /// Everything of this kind that the face will signal.
    pub(super) async fn signals(&self, member: &'static str) -> MessageStream {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(NAME)
            .path_namespace(PATH)
            .member(member)
            .build()
            .unwrap();
        MessageStream::for_match_rule(rule, &self.caller, None).await.unwrap()
    }
}

/// One account, online, showing this.
pub(super) fn state(show: Show, status: Option<&str>) -> State {
    let mut state = State::default();
    state.status.accounts = vec![shown(show, status)];
    state.account.accounts = vec![account("home", ConnectionState::Online)];
    state
}

pub(super) fn shown(show: Show, status: Option<&str>) -> AccountStatus {
    let presence = Presence { show, status: status.map(str::to_owned), priority: 5 };
    AccountStatus {
        account: "home".to_owned(),
        jid: "romeo@verona.example".to_owned(),
        connection: ConnectionState::Online,
        delivery: Delivery::Acknowledged,
        requested: presence.clone(),
        effective: presence,
        layers: Vec::new(),
        directed: Vec::new(),
        error: None,
    }
}

pub(super) fn account(name: &str, state: ConnectionState) -> AccountInfo {
    AccountInfo {
        account: name.to_owned(),
        jid: "romeo@verona.example".to_owned(),
        enabled: true,
        state,
        since: Timestamp::UNIX_EPOCH,
        error: None,
        server: None,
        tls: None,
        auth: None,
        stream: None,
    }
}

async fn play(
    mut requests: mpsc::Receiver<Asked>,
    mut to_tell: mpsc::UnboundedReceiver<Change>,
    asked: Arc<Mutex<Vec<Request>>>,
) {
    let mut state = state(Show::Away, Some("lunch"));
    let mut subscribers: Vec<mpsc::Sender<Arc<Change>>> = Vec::new();
    loop {
        tokio::select! {
            Some(request) = requests.recv() => match request {
                Asked::Call(request, reply) => {
                    asked.lock().unwrap().push(request.clone());
                    let _ = reply.send(answer(&request));
                }
                Asked::Subscribe(_, reply) => {
                    let (subscriber, changes) = mpsc::channel(64);
                    subscriber.try_send(Arc::new(Change::Snapshot(Box::new(state.clone())))).unwrap();
                    subscribers.push(subscriber);
                    reply.send(changes).unwrap();
                }
                Asked::Post(..) => panic!("posts come to the webhook only"),
                Asked::Hold(..) => panic!("a status is held on the socket only"),
                Asked::Watch(..) => panic!("the wire is on the socket only"),
            },
            Some(change) = to_tell.recv() => {
                state.apply(change.clone());
                for subscriber in &subscribers {
                    let _ = subscriber.send(Arc::new(change.clone())).await;
                }
            }
        }
    }
}

/// Answers what the tests ask for; everything else fails.
fn answer(request: &Request) -> Result<Reply, Failure> {
    let sent = json!({"account": "home", "id": "m1", "state": "sent", "to": "juliet@capulet.example"});
    match request.method() {
        "status" => Ok(Reply::Status(Default::default())),
        "status.set" => Ok(Reply::StatusSet(Default::default())),
        "status.clear" => Ok(Reply::StatusClear(Default::default())),
        "send" => Ok(Reply::Send(serde_json::from_value(sent).unwrap())),
        "tune.set" => Ok(Reply::TuneSet(Default::default())),
        "tune.clear" => Ok(Reply::TuneClear(Default::default())),
        _ => Err(Failure::new(Kind::NotOnline, "home is not online").with_hint("connect it first")),
    }
}
