//! What every scene needs: a server, a bus, romeo's daemon, and juliet's eyes.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use xmppd_tests::bus::Bus;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::player::mpv::Tags;
use xmppd_tests::player::scripted::{Properties, playing};
use xmppd_tests::server::people::{JULIET, Person, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, eventually, until};
use zbus::Variant;

/// The song of most scenes. It has no number in the album, because not every mpv-mpris tells it.
pub const HARBOUR: Tags<'_> =
    Tags { artist: "Ondes Lentes", title: "Harbour Lights", album: "Low Tide", track: "", seconds: 241 };
/// The one after it.
pub const TERRACES: Tags<'_> = Tags { artist: "Ondes Lentes", title: "Terraces", album: "", track: "", seconds: 77 };

/// The daemon publishes at once: for scenes that are about what is published, not about waiting.
pub const AT_ONCE: &str = "settle = \"0s\"";
/// The daemon waits as briefly as it can be told: for players that take a moment to know their song.
pub const BRIEFLY: &str = "settle = \"1s\"";

/// The parts of a scene, in the order in which they end.
pub struct Stage {
    pub daemon: Daemon,
    pub juliet: Contact,
    pub home: Home,
    pub bus: Bus,
    pub server: Server,
}

impl Stage {
    /// Starts everything; `tune` are the lines of the `[tune]` section. Nothing, and a line that says so, when a
    /// part is missing.
    pub fn set(test: &str, kind: Kind, tune: &str) -> Option<Self> {
        present(&format!("{test} ({})", kind.name()), Self::start(kind, tune))
    }

    fn start(kind: Kind, tune: &str) -> Result<Self, Missing> {
        let server = Server::start(kind)?;
        let bus = Bus::start()?;
        let home = Home::new(&configuration(&server, tune))?.with_bus(&bus);
        let juliet = Contact::login(&server, Tls::Starttls, JULIET)?;
        let daemon = home.start();
        let mut stage = Self { daemon, juliet, home, bus, server };
        stage.online();
        Ok(stage)
    }

    /// Starts a daemon in place of one that has ended.
    pub fn restart(&mut self) {
        self.daemon = self.home.start();
        self.online();
    }

    fn online(&mut self) {
        self.ctl(&["wait", "online", "-t", "20s"]);
        self.until("romeo is online", |seen| seen.presence().is_some_and(|it| it["type"] == "available"));
    }

    /// Logs one more client in.
    pub fn contact(&self, person: Person) -> Contact {
        Contact::login(&self.server, Tls::Starttls, person).expect("slixmpp is there, juliet uses it")
    }

    /// How much juliet has seen: what follows is read by [`Stage::since`].
    pub fn mark(&mut self) -> usize {
        self.juliet.seen().len()
    }

    /// What juliet has seen of romeo from a mark on.
    pub fn since(&mut self, mark: usize) -> Seen<'_> {
        Seen(&self.juliet.seen()[mark..])
    }

    /// Waits until what juliet has seen is as it should be.
    #[track_caller]
    pub fn until(&mut self, what: &str, fits: impl Fn(Seen<'_>) -> bool) {
        if until(SOON, || fits(self.since(0)).then_some(())).is_none() {
            let seen = self.since(0);
            panic!(
                "juliet waited in vain until {what}; she sees {:?} and {:?}, and saw the tunes {:?}",
                seen.presence(),
                seen.tune(),
                seen.tunes(),
            );
        }
    }

    /// Waits until juliet sees this status text and this tune.
    #[track_caller]
    pub fn shows(&mut self, status: Option<&str>, tune: &Value) {
        let what = format!("romeo shows {status:?} and {tune}");
        self.until(&what, |seen| seen.status() == status && seen.tune() == *tune);
    }

    /// Everything that romeo's server had from the daemon until now, juliet has seen when this returns.
    #[track_caller]
    pub fn settle(&mut self) {
        let text = format!("until here: {}", self.mark());
        self.ctl(&["send", &JULIET.jid(), &text]);
        self.juliet.wait_for("the message", |event| event["event"] == "message" && event["body"] == text.as_str());
    }

    /// Runs `xmppctl` to a good end.
    #[track_caller]
    pub fn ctl(&self, arguments: &[&str]) {
        let answer = self.home.ctl(arguments);
        assert_eq!(answer.code, 0, "xmppctl {arguments:?}: {answer:?}");
    }

    /// Waits until `xmppctl tune` answers something that fits.
    #[track_caller]
    pub fn tune(&self, fits: impl Fn(&Value) -> bool) -> Value {
        self.home.eventually(&["tune"], fits)
    }

    /// Waits until `xmppctl tune players` lists a player of this name that fits.
    #[track_caller]
    pub fn player(&self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let listed = |list: &Value| {
            let players = list["players"].as_array().cloned().unwrap_or_default();
            players.into_iter().find(|player| player["player"] == name && fits(player))
        };
        let list = self.home.eventually(&["tune", "players"], |list| listed(list).is_some());
        listed(&list).expect("it was there")
    }

    /// What the server keeps of romeo's tune, as the answer to this client's question: XML, or the refusal.
    pub fn items(client: &mut Contact) -> Value {
        client.ask(
            "iq",
            &json!({"to": ROMEO.jid(), "payload":
                "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='http://jabber.org/protocol/tune'/></pubsub>"}),
        )
    }
}

/// A piece of what juliet has seen, oldest first.
#[derive(Clone, Copy)]
pub struct Seen<'a>(pub &'a [Value]);

impl<'a> Seen<'a> {
    fn of(self, event: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
        let romeo = ROMEO.jid();
        self.0.iter().filter(move |it| it["event"] == event && it["bare"] == romeo.as_str())
    }

    /// Romeo's last presence.
    pub fn presence(self) -> Option<&'a Value> {
        self.of("presence").next_back()
    }

    /// Romeo's status text.
    pub fn status(self) -> Option<&'a str> {
        self.presence()?["status"].as_str()
    }

    /// Every status text that came, none where there was no text.
    pub fn statuses(self) -> Vec<Option<&'a str>> {
        self.of("presence").map(|it| it["status"].as_str()).collect()
    }

    /// Romeo's last tune; an empty object when nothing plays.
    pub fn tune(self) -> Value {
        self.of("tune").next_back().map_or_else(nothing, |it| it["tune"].clone())
    }

    /// Every tune that came. Prosody tells it twice, to the account and to its resource, under one id; ejabberd has none.
    pub fn tunes(self) -> Vec<Value> {
        let mut last = None;
        let news = self.of("tune").filter(|it| {
            let told = (&it["id"], &it["tune"]);
            last.replace(told) != Some(told)
        });
        news.map(|it| it["tune"].clone()).collect()
    }

    /// Where the first event is that fits.
    pub fn position(self, fits: impl Fn(&Value) -> bool) -> Option<usize> {
        self.0.iter().position(|it| it["bare"] == ROMEO.jid().as_str() && fits(it))
    }
}

/// A silent tune as contacts see it.
pub fn nothing() -> Value {
    json!({})
}

/// What contacts see of [`HARBOUR`].
pub fn harbour() -> Value {
    json!({"artist": "Ondes Lentes", "length": "241", "source": "Low Tide", "title": "Harbour Lights"})
}

/// What contacts see of [`plays_harbour`].
pub fn third_harbour() -> Value {
    let mut song = harbour();
    song["track"] = json!("3");
    song
}

/// What contacts see of [`TERRACES`].
pub fn terraces() -> Value {
    json!({"artist": "Ondes Lentes", "length": "77", "title": "Terraces"})
}

/// A scripted player's [`HARBOUR`], the third of its album.
pub fn plays_harbour() -> Properties {
    playing(HashMap::from([
        ("mpris:trackid", Variant::from(zbus::ObjectPath::try_from("/track/3").expect("a path"))),
        ("mpris:length", Variant::from(241_000_000_i64)),
        ("xesam:title", Variant::from(HARBOUR.title)),
        ("xesam:artist", Variant::from(vec![HARBOUR.artist])),
        ("xesam:album", Variant::from(HARBOUR.album)),
        ("xesam:trackNumber", Variant::from(3_i32)),
    ]))
}

/// A scripted player that plays a song of Ada's.
pub fn plays(title: &str) -> Properties {
    playing(HashMap::from([("xesam:title", Variant::from(title)), ("xesam:artist", Variant::from(vec!["Ada"]))]))
}

/// What contacts see of it.
pub fn adas(title: &str) -> Value {
    json!({"artist": "Ada", "title": title})
}

/// Waits until a client that is not ours may ask for something, such as a message of the bus.
#[track_caller]
pub fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    eventually(what, SOON, look)
}

/// Between two skips of a person in a hurry.
pub const HURRY: Duration = Duration::from_millis(250);

/// The configuration of a home with romeo's account at this server.
pub fn configuration(server: &Server, tune: &str) -> String {
    account(server.port(Tls::Starttls), &server.authority_file().display().to_string(), tune)
}

/// The configuration of a home with romeo's account at this port.
pub fn account(port: u16, authority: &str, tune: &str) -> String {
    format!(
        "[[account]]\nname = \"home\"\njid = \"{}\"\nserver = \"127.0.0.1:{port}\"\ntls = \"starttls\"\n\
         password-command = [\"printf\", \"%s\", {:?}]\nca-file = {authority:?}\n[tune]\n{tune}\n",
        ROMEO.jid(),
        ROMEO.password,
    )
}
