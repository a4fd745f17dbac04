//! Places for files that are not what they seem: a server that knows only bytes names them, and another one is there.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::daemon::{Answer, Daemon, Home};
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::wait::SOON;

use super::{file, noise};

/// A daemon whose server names one place, and what is there.
struct World {
    home: Home,
    /// What the client said at the place, a request each.
    said: Receiver<String>,
    web: ScriptedServer,
    _server: ScriptedServer,
    _daemon: Daemon,
    _folder: Folder,
}

impl World {
    /// `slot` is the server's answer to the question for a place, `{web}` in it the port of the web server, which runs
    /// `script` after the head of a request.
    fn set(slot: &str, script: impl Fn(&mut Conversation) -> Outcome + Send + Sync + 'static) -> Self {
        Self::with(slot, Flaw::None, script)
    }

    fn with(slot: &str, flaw: Flaw, script: impl Fn(&mut Conversation) -> Outcome + Send + Sync + 'static) -> Self {
        let (authority, folder) = (Authority::new(), Folder::new("hostile-files"));
        let trusted = folder.write("authority.pem", &authority.pem());
        let certificate = authority.issue(Flaw::None);
        let foreign = || Authority::new().issue_for_web();
        let at_web = if flaw == Flaw::None { authority.issue_for_web() } else { foreign() };
        let (tell, said): (Sender<String>, _) = channel();
        let web = ScriptedServer::start(move |client| {
            client.secure(&at_web)?;
            let head = client.expect("\r\n\r\n")?;
            let _ = tell.send(head);
            script(client)
        });
        let slot = slot.replace("{web}", &web.port().to_string());
        let server = ScriptedServer::start(move |client| {
            client.starttls(&certificate)?;
            client.log_in(ROMEO)?;
            serve(client, &slot)
        });
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let configuration = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
        let home = Home::new(&configuration).expect("the programs are built");
        let daemon = home.start();
        let online = home.ctl(&["wait", "online", "-t", "20s"]);
        assert_eq!(online.code, 0, "{online:?}\n{}", daemon.log());
        Self { home, said, web, _server: server, _daemon: daemon, _folder: folder }
    }

    fn send(&self, length: usize) -> Answer {
        let path = file(&self.home, "song.ogg", &noise(length));
        self.home.ctl(&["-t", "5s", "send", &JULIET.jid(), "--file", path.to_str().expect("UTF-8")])
    }

    #[track_caller]
    fn refuses(&self, code: i32, words: &str) {
        let answer = self.send(300_000);
        assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{answer:?}");
        assert!(answer.stderr.contains(words), "{answer:?}");
        assert_eq!(self.home.ctl(&["status"]).code, 0, "the daemon goes on");
    }

    fn rpc(&self, method: &str, params: &Value) -> Value {
        self.home.json(&["rpc", method, &params.to_string()])
    }
}

/// Answers what a client asks at its login, says that it takes files itself, and names the place.
fn serve(client: &mut Conversation, slot: &str) -> Outcome {
    loop {
        // The end of the client's stay is the end of the script.
        let Ok(asked) = client.expect("</iq>") else { return Ok(()) };
        if asked.contains("<enable") {
            client.send("<enabled xmlns='urn:xmpp:sm:3'/>")?;
        }
        let iq = asked.rsplit_once("<iq").map_or("", |(_, iq)| iq);
        let Some(id) = ["id='", "id=\""].iter().find_map(|mark| iq.split_once(mark)?.1.split(['\'', '"']).next())
        else {
            continue;
        };
        let info = "http://jabber.org/protocol/disco#info";
        let (kind, payload) = if iq.contains("urn:xmpp:http:upload:0") {
            (if slot.starts_with("<error") { "error" } else { "result" }, slot.to_owned())
        } else if iq.contains(info) && (iq.contains("to='verona.example'") || iq.contains("to=\"verona.example\"")) {
            ("result", format!("<query xmlns='{info}'><feature var='urn:xmpp:http:upload:0'/></query>"))
        } else if iq.contains("disco#items") {
            ("result", "<query xmlns='http://jabber.org/protocol/disco#items'/>".to_owned())
        } else {
            ("result", String::new())
        };
        let from = if iq.contains("to=") { " from='verona.example'" } else { "" };
        client.send(format!("<iq type='{kind}' id='{id}'{from}>{payload}</iq>"))?;
    }
}

const SLOT: &str = "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://localhost:{web}/put'/>\
                    <get url='https://localhost:{web}/get'/></slot>";

fn answer(with: &'static str) -> impl Fn(&mut Conversation) -> Outcome + Send + Sync + 'static {
    move |client| {
        client.send(with)?;
        client.rest().map(drop)
    }
}

#[test]
fn a_place_that_says_no_is_told_of_with_what_it_says() {
    for (said, words) in [
        ("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", "finds it too large (HTTP 413)"),
        ("HTTP/1.1 500 Oops\r\n\r\n", "refused it (HTTP 500)"),
        ("HTTP/1.1 201 Created\r\n\r\n", "did not answer in HTTP"),
        ("SSH-2.0-OpenSSH\r\n", "did not answer in HTTP"),
    ] {
        World::set(SLOT, answer(said)).refuses(6, words);
    }
}

#[test]
fn nobody_is_followed_to_another_place() {
    let elsewhere = ScriptedServer::start(|_| Ok(()));
    let location = format!("HTTP/1.1 307 T\r\nLocation: https://localhost:{}/\r\n\r\n", elsewhere.port());
    let world = World::set(SLOT, move |client| {
        client.send(&location)?;
        client.rest().map(drop)
    });
    world.refuses(6, "sends us elsewhere (HTTP 307)");
    assert!(elsewhere.left_alone(Duration::from_millis(300)));
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let world = World::set(SLOT, |client| {
        client.send("HTTP/1.1 200 OK\r\nX: ")?;
        while client.send([b'x'; 1024]).is_ok() {}
        Ok(())
    });
    world.refuses(6, "did not answer in HTTP");
}

#[test]
fn a_place_that_breaks_off_or_takes_nothing_holds_nobody_up() {
    World::set(SLOT, |client| client.cut()).refuses(1, "broke");
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::set(SLOT, move |_| {
        // Nothing is read while the test goes on.
        let _ = wait.lock().map(|wait| wait.recv_timeout(SOON));
        Ok(())
    });
    let answer = world.send(30_000_000);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert_eq!(world.home.ctl(&["status"]).code, 0, "the daemon goes on");
    drop(go);
}

#[test]
fn a_place_without_tls_or_with_a_foreign_certificate_is_not_used() {
    let web = ScriptedServer::start(|_| Ok(()));
    let slot = format!(
        "<slot xmlns='urn:xmpp:http:upload:0'><put url='http://localhost:{0}/'/><get url='https://localhost:{0}/'/></slot>",
        web.port()
    );
    World::set(&slot, |_| Ok(())).refuses(6, "not at an https address");
    assert!(web.left_alone(Duration::from_millis(300)));
    World::with(SLOT, Flaw::UnknownAuthority, |_| Ok(())).refuses(6, "cannot be trusted");
}

#[test]
fn a_server_that_asks_for_patience_is_not_asked_again_before() {
    let stamp = "2999-01-01T00:00:00Z";
    let error = format!(
        "<error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <retry xmlns='urn:xmpp:http:upload:0' stamp='{stamp}'/></error>"
    );
    let world = World::set(&error, |_| Ok(()));
    world.refuses(6, &format!("try again after {stamp}"));
    let mut wire = world.home.watch(&["--json", "xml", "watch", "--out"]);
    let again = world.send(10);
    assert_eq!(again.code, 6, "{again:?}");
    assert!(again.stderr.contains(stamp), "{again:?}");
    assert_eq!(world.home.ctl(&["ping"]).code, 0);
    let asked = Cell::new(false);
    wire.wait_for("the ping", |line| {
        asked.set(asked.get() || line.contains("http:upload"));
        line.contains("urn:xmpp:ping")
    });
    assert!(!asked.get(), "the server was asked again");
}

#[test]
fn only_what_may_be_told_is_told_and_the_address_for_others_may_be_elsewhere() {
    let slot = "<slot xmlns='urn:xmpp:http:upload:0'><put url='https://127.0.0.1:{web}/put?x=1'>\
                <header name='Authorization'>Basic QQ==&#13;&#10;X-Evil: 1</header><header name='Host'>evil</header>\
                <header name='X-Other'>1</header></put><get url='https://files.example/get'/></slot>";
    let taken = Arc::new(Mutex::new(String::new()));
    let at_place = taken.clone();
    let world = World::set(slot, move |client| {
        let body = client.expect("the end")?;
        at_place.lock().map_err(|error| error.to_string())?.push_str(&body);
        client.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n")
    });
    let started = world.rpc("upload.start", &json!({"name": "../../etc/a\u{1}.png", "size": 13}));
    let upload = &started["upload"];
    let write = |data: &str| world.rpc("upload.write", &json!({"upload": upload, "data": data}));
    assert_eq!(write("MTIzNA=="), json!({"sent": 4, "size": 13}));
    assert_eq!(write("NTZ0aGUgZW5k"), json!({"sent": 13, "size": 13}));
    let done = world.rpc("upload.finish", &json!({"upload": upload}));
    assert_eq!(done, json!({"url": "https://files.example/get"}));
    world.web.played();
    let head = world.said.recv_timeout(SOON).expect("the place was told something");
    let port = world.web.port();
    assert_eq!(
        head,
        format!(
            "PUT /put?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: image/png\r\nContent-Length: 13\r\n\
             User-Agent: xmppd\r\nConnection: close\r\nAuthorization: Basic QQ==X-Evil: 1\r\n\r\n"
        )
    );
    assert_eq!(taken.lock().expect("nobody panicked").as_str(), "123456the end");

    let gone = world.home.ctl(&["rpc", "upload.finish", &json!({"upload": upload}).to_string()]);
    assert_eq!(gone.code, 10, "{gone:?}");
}

#[test]
fn pieces_of_another_size_than_was_said_end_the_upload() {
    let world = World::set(SLOT, |client| client.rest().map(drop));
    let start = || world.rpc("upload.start", &json!({"name": "a", "size": 3}))["upload"].clone();
    let refused = |method: &str, params: Value| {
        let answer = world.home.ctl(&["rpc", method, &params.to_string()]);
        assert_eq!(answer.code, 2, "{answer:?}");
    };
    refused("upload.finish", json!({"upload": start()}));
    refused("upload.write", json!({"upload": start(), "data": "MTIzNA=="}));
    refused("upload.write", json!({"upload": start(), "data": "?"}));
    let upload = start();
    assert_eq!(world.rpc("upload.cancel", &json!({"upload": upload})), json!({}));
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_not_sent() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let world = World::set(SLOT, move |client| {
        let _ = wait.lock().map(|wait| wait.recv_timeout(SOON));
        client.rest().map(drop)
    });
    // More than every buffer on the way takes.
    let path = file(&world.home, "log", &noise(40_000_000));
    let text = path.to_str().expect("UTF-8").to_owned();
    let mut sending = world.home.watch(&["--json", "send", &JULIET.jid(), "--file", &text]);
    world.said.recv_timeout(SOON).expect("it has begun");
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut log| std::io::Write::write_all(&mut log, b"more"))
        .expect("it grows");
    drop(go);
    assert_eq!(sending.ended(), 11);
}
