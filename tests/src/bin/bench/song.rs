//! How long a contact waits for a song, from the player's signal to the contact's own program, without settling; and whose
//! the time is: the bus's until another client of it has the signal, ours until something leaves for the server, the
//! server's and the contact's from then on.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tokio_stream::StreamExt as _;
use xmppd_tests::bus::Bus;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::Missing;
use xmppd_tests::player::scripted::{ScriptedPlayer, playing};
use xmppd_tests::relay::Relay;
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::{SOON, delay};
use zbus::{MatchRule, MessageStream, Variant, connection};

use crate::configuration;
use crate::table::Table;

const SONGS: usize = 50;
/// An account publishes five songs at once, then one in this time; meanwhile nothing else is on the line.
const TURN: Duration = Duration::from_millis(5_100);

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let server = Server::start(Kind::Prosody13)?;
    let bus = Bus::start()?;
    let mut juliet = Contact::login(&server, Tls::Direct, JULIET)?;
    let relay = Relay::start(server.port(Tls::Starttls));
    let config = configuration(relay.port(), &server.authority_file(), "[tune]\nsettle = \"0s\"\n");
    let home = Home::new(&config)?.with_bus(&bus);
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "romeo comes online");
    let player = ScriptedPlayer::start(&bus, "mpv", song("Overture"));
    juliet.wait_for_tune(&ROMEO.jid(), "the first song", |tune| tune["title"] == "Overture");
    let ear = listen(bus.address());
    let (mut presences, mut tunes) = (Vec::new(), Vec::new());
    let (mut by_bus, mut by_us, mut by_others) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..SONGS {
        delay(TURN);
        let _ = relay.take_left_at();
        let title = format!("Number {number}");
        let begun = Instant::now();
        player.announce(song(&title));
        juliet.wait_for_presence(&ROMEO.jid(), "the song in the status", |presence| {
            presence["status"].as_str().is_some_and(|status| status.contains(&title))
        });
        presences.push(begun.elapsed());
        juliet.wait_for_tune(&ROMEO.jid(), "the song", |tune| tune["title"] == title.as_str());
        let seen = Instant::now();
        let heard = ear.recv_timeout(SOON).expect("everybody on the bus hears the signal");
        let left = relay.take_left_at().expect("the song went through the relay");
        tunes.push(seen - begun);
        by_bus.push(heard - begun);
        by_us.push(left.saturating_duration_since(heard));
        by_others.push(seen - left);
    }
    table.times("a song in the status at slixmpp", presences, "");
    table.times("a song as User Tune at slixmpp", tunes, "");
    table.times("  until the bus has passed it on", by_bus, "");
    table.times("  until xmppd has sent it: our share", by_us, "");
    table.times("  through Prosody to slixmpp's program", by_others, "");
    Ok(())
}

/// When another client of the bus has each change of a player.
fn listen(address: String) -> Receiver<Instant> {
    let (tell, told) = channel();
    let (ready, listening) = channel();
    // It ends with the process, or with the bus.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(async {
            let connection = connection::Builder::address(address.as_str()).build().await.expect("the bus answers");
            let rule = MatchRule::builder().msg_type(zbus::message::Type::Signal).member("PropertiesChanged");
            let rule = rule.path("/org/mpris/MediaPlayer2").build().expect("a rule of plain words");
            let mut changes = MessageStream::for_match_rule(rule, &connection, None).await.expect("the bus takes it");
            let _ = ready.send(());
            while changes.next().await.is_some() && tell.send(Instant::now()).is_ok() {}
        });
    });
    listening.recv_timeout(SOON).expect("the bus takes a listener");
    told
}

fn song(title: &str) -> xmppd_tests::player::scripted::Properties {
    playing(HashMap::from([
        ("mpris:trackid", Variant::from(zbus::ObjectPath::try_from("/track/1").expect("a path"))),
        ("xesam:title", Variant::from(title)),
        ("xesam:artist", Variant::from(vec!["Prokofiev"])),
    ]))
}
