//! Links that die in each of their ways, and servers that refuse to go on with a session in each of theirs: the account
//! is online again, nobody's message is lost or doubled, and the server is not stormed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Answer, Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::relay::{Cut, Plan, Relay};
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::eventually;

const NOTICED: Duration = Duration::from_secs(30);
const TEXT: &str = "wherefore art thou";

/// Romeo behind a relay before a real server.
struct Stage {
    server: Server,
    relay: Relay,
    home: Home,
    _daemon: Daemon,
}

impl Stage {
    fn set(test: &str, kind: Kind) -> Option<Self> {
        let server = present(test, Server::start(kind))?;
        let relay = Relay::start(server.port(Tls::Direct));
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let configuration = account::romeo_at((relay.port(), Tls::Direct), &server.authority_file(), &password);
        let home = present(test, Home::new(&configuration))?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
        Some(Self { server, relay, home, _daemon: daemon })
    }

    /// Sends a message into a link that carries nothing any more, and then does this to it; gives how long it took from
    /// the message until the daemon knew.
    fn dies(&mut self, fault: impl FnOnce(&mut Server, &Relay)) -> Duration {
        let Self { server, relay, home, .. } = self;
        let home = &*home;
        relay.plan(Plan { swallow: true, ..Plan::default() });
        let (begun, swallowed) = (Instant::now(), relay.swallowed());
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| home.ctl(&["send", &JULIET.jid(), TEXT]));
            eventually("the message is written", NOTICED, || (relay.swallowed() > swallowed).then_some(()));
            fault(server, relay);
            eventually("the daemon knows that the link is dead", NOTICED, || {
                (home.json(&["account", "list"])["accounts"][0]["state"] != "online").then_some(())
            });
            let taken = begun.elapsed();
            relay.plan(Plan::default());
            online(home);
            kept(&sending.join().expect("xmppctl is asked"));
            taken
        })
    }

    /// Juliet gets the message once.
    fn arrived_once(&self, juliet: &mut Contact) {
        juliet.wait_for("the message", |seen| seen["event"] == "message" && seen["body"] == TEXT);
        assert_eq!(self.home.ctl(&["send", &JULIET.jid(), "good night"]).code, 0);
        juliet.wait_for("the last word", |seen| seen["event"] == "message" && seen["body"] == "good night");
        let count = juliet.seen().iter().filter(|seen| seen["event"] == "message" && seen["body"] == TEXT).count();
        assert_eq!(count, 1, "{:?}", juliet.seen());
    }
}

/// What was written while the link seemed alive is promised, or may arrive where that took too long to find out.
fn kept(sent: &Answer) {
    assert!(matches!(sent.code, 0 | 3), "{sent:?}");
}

/// Has the daemon dial now, and waits until it is online.
fn online(home: &Home) -> Value {
    let list = eventually("the account is online again", NOTICED, || {
        let list = home.json(&["account", "list"]);
        let is_online = list["accounts"][0]["state"] == "online";
        if !is_online {
            let _ = home.ctl(&["account", "connect", "--no-wait"]);
        }
        is_online.then_some(list)
    });
    list["accounts"][0].clone()
}

fn black_hole(kind: Kind) {
    let Some(mut stage) = Stage::set("black hole", kind) else { return };
    let Some(mut juliet) = present("black hole", Contact::login(&stage.server, Tls::Direct, JULIET)) else { return };
    let taken = stage.dies(|_, _| {});
    println!("{kind:?}: a black hole is noticed after {taken:?}");
    stage.arrived_once(&mut juliet);
}

#[test]
fn a_black_hole_is_noticed_in_half_a_minute_at_prosody() {
    black_hole(Kind::Prosody13);
}

#[test]
fn a_black_hole_is_noticed_in_half_a_minute_at_ejabberd() {
    black_hole(Kind::Ejabberd);
}

#[test]
fn a_half_open_connection_is_noticed_in_half_a_minute() {
    let Some(mut stage) = Stage::set("half-open", Kind::Prosody13) else { return };
    let taken = stage.dies(|server, relay| {
        // The server is gone and back, and nobody told us.
        server.crash();
        server.restart();
        relay.plan(Plan::default());
    });
    println!("a half-open connection is noticed after {taken:?}");
    let Some(mut juliet) = present("half-open", Contact::login(&stage.server, Tls::Direct, JULIET)) else { return };
    stage.arrived_once(&mut juliet);
}

#[test]
fn resets_and_truncated_streams_are_noticed_at_once() {
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        for cut in [Cut::Reset, Cut::Finish] {
            let Some(stage) = Stage::set("cut", kind) else { return };
            let Some(mut juliet) = present("cut", Contact::login(&stage.server, Tls::Direct, JULIET)) else { return };
            // The relay ends TCP where TLS and XML have not ended.
            stage.relay.plan(Plan { refuse: true, ..Plan::default() });
            stage.relay.cut(cut);
            eventually("the daemon knows", Duration::from_secs(2), || {
                (stage.home.json(&["account", "list"])["accounts"][0]["state"] != "online").then_some(())
            });
            stage.relay.plan(Plan::default());
            let account = online(&stage.home);
            assert_eq!(account["stream"]["resumed"], true, "{kind:?}, {cut:?}: {account}");
            assert_eq!(stage.home.ctl(&["send", &JULIET.jid(), TEXT]).code, 0);
            stage.arrived_once(&mut juliet);
        }
    }
}

#[test]
fn a_server_that_restarts_finds_the_message_that_it_never_got() {
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        for politely in [true, false] {
            let Some(mut stage) = Stage::set("restart", kind) else { return };
            // Written into a link that is dead already, so that no server has it.
            let taken = stage.dies(|server, relay| {
                if politely {
                    server.stop();
                } else {
                    server.crash();
                }
                server.restart();
                relay.cut(Cut::Reset);
                relay.plan(Plan::default());
            });
            println!("{kind:?}: a restart is noticed after {taken:?}");
            // A message that comes while she logs in may stay behind at ejabberd, between her and what it kept for her.
            assert_eq!(stage.home.ctl(&["-t", "20s", "wait", "outbox", "empty"]).code, 0);
            let Some(mut juliet) = present("restart", Contact::login(&stage.server, Tls::Direct, JULIET)) else {
                return;
            };
            stage.arrived_once(&mut juliet);
        }
    }
}

/// What a server says to `<resume/>`, `ALL` and `LESS` standing for how many stanzas it had, and for one less.
struct Refusal {
    answer: &'static str,
    /// Whether the server had the message, by its own word.
    had_it: bool,
    /// Whether the stream goes on behind the answer.
    goes_on: bool,
}

const fn failed(answer: &'static str) -> Refusal {
    Refusal { answer, had_it: false, goes_on: true }
}

const REFUSALS: [Refusal; 14] = [
    failed("<failed xmlns='urn:xmpp:sm:3'/>"),
    failed("<failed xmlns='urn:xmpp:sm:3' h='LESS'/>"),
    Refusal { answer: "<failed xmlns='urn:xmpp:sm:3' h='ALL'/>", had_it: true, goes_on: true },
    failed(
        "<failed xmlns='urn:xmpp:sm:3' h='LESS'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    ),
    failed("<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"),
    failed("<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"),
    failed(
        "<failed xmlns='urn:xmpp:sm:3'><feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    ),
    failed(
        "<failed xmlns='urn:xmpp:sm:3'><internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
    ),
    failed(
        "<failed xmlns='urn:xmpp:sm:3'><error type='wait'><resource-constraint \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></failed>",
    ),
    // From here on: no refusal, but no resumption either.
    Refusal { answer: "<resumed xmlns='urn:xmpp:sm:3' previd='s1' h='4000'/>", had_it: false, goes_on: false },
    Refusal { answer: "<resumed xmlns='urn:xmpp:sm:3' previd='s1' h='-1'/>", had_it: false, goes_on: false },
    Refusal { answer: "<resumed xmlns='urn:xmpp:sm:3' previd='s1'/>", had_it: false, goes_on: false },
    Refusal { answer: "<resumed xmlns='urn:xmpp:sm:3' previd='another' h='LESS'/>", had_it: false, goes_on: false },
    Refusal {
        answer: "<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
                 <handled-count-too-high xmlns='urn:xmpp:sm:3' h='9' send-count='3'/></stream:error></stream:stream>",
        had_it: false,
        goes_on: false,
    },
];

#[test]
fn a_refused_resumption_ends_in_a_new_session_with_the_message() {
    // Each waits most of its time.
    std::thread::scope(|scope| {
        for refusal in &REFUSALS {
            scope.spawn(|| refused(refusal));
        }
    });
}

fn refused(refusal: &'static Refusal) {
    let world = World::start(refusal);
    let account = std::thread::scope(|scope| {
        let sending = scope.spawn(|| world.home.ctl(&["send", &JULIET.jid(), TEXT]));
        let gone_on = || world.connections.load(Ordering::SeqCst) > 1;
        eventually("the first session is lost", NOTICED, || gone_on().then_some(()));
        let account = online(&world.home);
        kept(&sending.join().expect("xmppctl is asked"));
        account
    });
    assert_eq!(account["stream"]["resumed"], false, "{}", refusal.answer);
    let expected = usize::from(!refusal.had_it);
    let heard = world.heard.recv_timeout(NOTICED).expect("the new session is there");
    assert_eq!(heard.matches(TEXT).count(), expected, "{}: {heard}", refusal.answer);
    let most = if refusal.goes_on { 2 } else { 3 };
    let connections = world.connections.load(Ordering::SeqCst);
    assert!(connections <= most, "{}: {connections} connections", refusal.answer);
}

/// A daemon at a scripted server that loses its first session and then says this.
struct World {
    home: Home,
    connections: Arc<AtomicUsize>,
    /// What the client says in its new session, up to the message or its absence.
    heard: Receiver<String>,
    _daemon: Daemon,
    _server: ScriptedServer,
    _folder: Folder,
}

impl World {
    fn start(refusal: &'static Refusal) -> Self {
        let (authority, folder) = (Authority::new(), Folder::new("refusal"));
        let trusted = folder.write("authority.pem", &authority.pem());
        let certificate = authority.issue(Flaw::None);
        let connections = Arc::new(AtomicUsize::new(0));
        let (tell, heard) = channel();
        let (counted, tell, had) = (connections.clone(), Mutex::new(tell), AtomicUsize::new(0));
        let server = ScriptedServer::start(move |client| {
            counted.fetch_add(1, Ordering::SeqCst);
            client.starttls(&certificate)?;
            if client.number == 0 {
                return first_session(client, &had);
            }
            let tell = tell.lock().map_err(|error| error.to_string())?.clone();
            next_session(client, refusal, had.load(Ordering::SeqCst), &tell)
        });
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let configuration = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
        let home = present("refusals", Home::new(&configuration)).expect("the programs are built");
        let daemon = home.start();
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
        Self { home, connections, heard, _daemon: daemon, _server: server, _folder: folder }
    }
}

/// A session that can be resumed, cut when the message has come.
fn first_session(client: &mut Conversation, had: &AtomicUsize) -> Outcome {
    client.log_in(ROMEO)?;
    client.expect("<enable")?;
    client.send("<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true' max='600'/>")?;
    let said = client.expect("</message>")?;
    had.store(stanzas(&said), Ordering::SeqCst);
    client.cut()
}

/// Another connection: an attempt to resume is answered as the test says, and whatever session follows is served.
fn next_session(client: &mut Conversation, refusal: &Refusal, had: usize, tell: &Sender<String>) -> Outcome {
    client.authenticate(ROMEO)?;
    client.open("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/>")?;
    if client.number == 1 {
        client.expect("<resume")?;
        client.expect("/>")?;
        let answer = refusal.answer.replace("ALL", &had.to_string()).replace("LESS", &(had - 1).to_string());
        client.send(answer)?;
        if !refusal.goes_on {
            return client.rest().map(drop);
        }
    }
    let request = client.expect("</iq>")?;
    if request.contains("<resume") {
        return Err(format!("it tries to resume once more: {request}"));
    }
    let jid = format!("{}/again", ROMEO.jid());
    client.send(format!(
        "<iq type='result' id='{}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{jid}</jid></bind></iq>",
        id_of(&request)
    ))?;
    client.expect("<enable")?;
    client.send("<enabled xmlns='urn:xmpp:sm:3' id='s2' resume='true' max='600'/>")?;
    // What may have arrived is sent again once it is clear that there is no archive to tell.
    let mut said = client.expect("<presence")?;
    let question = said.split("<iq ").find(|iq| iq.contains("disco#info")).unwrap_or_default();
    client.send(format!(
        "<iq type='result' id='{}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
        id_of(question)
    ))?;
    // Whoever asks for an acknowledgement has said what there was to say.
    said += &client.expect("<r xmlns")?;
    client.send(format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", stanzas(&said)))?;
    tell.send(said).map_err(|error| error.to_string())?;
    client.rest().map(drop)
}

fn id_of(request: &str) -> &str {
    request.split_once("id='").and_then(|(_, rest)| rest.split_once('\'')).map(|(id, _)| id).unwrap_or_default()
}

fn stanzas(said: &str) -> usize {
    ["<iq ", "<presence", "<message "].iter().map(|start| said.matches(start).count()).sum()
}
