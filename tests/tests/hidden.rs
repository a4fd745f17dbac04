//! Being invisible at a server that can hide us (XEP-0186): none of the servers here can, so a scripted one shows what
//! such a server hears, and in which order.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::scripted_server::session::{Turn, id};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::ROMEO;
use xmppd_tests::wait::SOON;

/// Romeo at a server that can hide him.
struct World {
    home: Home,
    heard: Receiver<String>,
    _daemon: Daemon,
    _server: ScriptedServer,
    _folder: Folder,
}

impl World {
    fn start(presence: &str) -> Option<Self> {
        let (authority, folder) = (Authority::new(), Folder::new("hidden"));
        let (trusted, certificate) = (folder.write("authority.pem", &authority.pem()), authority.issue(Flaw::None));
        let (tell, heard) = channel();
        let tell = Mutex::new(tell);
        let server = ScriptedServer::start(move |client| {
            let tell = tell.lock().map_err(|error| error.to_string())?.clone();
            client.session(&certificate, ROMEO, |stanza| {
                let what = ["<invisible ", "<visible ", "<presence"].into_iter().find(|word| stanza.contains(word));
                // The test may be over.
                let _ = what.map(|what| tell.send(what.trim_matches(['<', ' ']).to_owned()));
                if !stanza.contains("disco#info") {
                    return Turn::Usual;
                }
                Turn::Say(format!(
                    "<iq type='result' id='{}' from='verona.example'><query xmlns='http://jabber.org/protocol/disco#info'>\
                     <identity category='server' type='im'/><feature var='urn:xmpp:invisible:1'/></query></iq>",
                    id(stanza)
                ))
            })
        });
        let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
        let account = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
        let home = present("invisible", Home::new(&format!("{account}\n{presence}")))?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
        Some(Self { home, heard, _daemon: daemon, _server: server, _folder: folder })
    }

    #[track_caller]
    fn hears(&self, words: &[&str]) {
        for word in words {
            assert_eq!(self.heard.recv_timeout(SOON).as_deref(), Ok(*word));
        }
    }

    #[track_caller]
    fn shows(&self, words: &[&str]) {
        let answer = self.home.ctl(words);
        assert_eq!(answer.code, 0, "{words:?}: {answer:?}");
    }
}

#[test]
fn the_server_agrees_before_any_presence_goes_out_and_is_told_before_contacts_see_one() {
    let Some(world) = World::start("") else { return };
    world.hears(&["presence"]);
    world.shows(&["status", "invisible"]);
    world.hears(&["invisible", "presence"]);
    let status = world.home.json(&["status"]);
    assert_eq!(status["accounts"][0]["effective"]["show"], "invisible", "{status}");
    // Who is told something by name sees it.
    world.shows(&["status", "away", "--to", "juliet@verona.example"]);
    world.hears(&["presence"]);
    world.shows(&["status", "dnd", "Here"]);
    world.hears(&["visible", "presence"]);
}

#[test]
fn who_is_invisible_from_the_start_sends_no_presence_before_the_server_has_agreed() {
    let Some(world) = World::start("[presence]\nshow = \"invisible\"\n") else { return };
    world.hears(&["invisible", "presence"]);
    assert_eq!(world.home.ctl(&["account", "disconnect"]).code, 0);
    assert_eq!(world.home.ctl(&["-t", "20s", "account", "connect"]).code, 0);
    // The goodbye of the first session, and a new one.
    world.hears(&["presence", "invisible", "presence"]);
}
