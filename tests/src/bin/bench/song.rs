//! How long a contact waits for a song, from the player's signal to the contact's own program, without settling.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use xmppd_tests::bus::Bus;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::Missing;
use xmppd_tests::player::scripted::{ScriptedPlayer, playing};
use xmppd_tests::server::people::{JULIET, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};
use xmppd_tests::wait::delay;
use zbus::Variant;

use crate::configuration;
use crate::table::Table;

const SONGS: usize = 11;
/// An account publishes five songs at once, then one in this time.
const TURN: Duration = Duration::from_millis(5_100);

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let server = Server::start(Kind::Prosody13)?;
    let bus = Bus::start()?;
    let mut juliet = Contact::login(&server, Tls::Direct, JULIET)?;
    let config = configuration(server.port(Tls::Starttls), &server.authority_file(), "[tune]\nsettle = \"0s\"\n");
    let home = Home::new(&config)?.with_bus(&bus);
    let _daemon = home.start();
    assert_eq!(home.ctl(&["wait", "online", "-t", "20s"]).code, 0, "romeo comes online");
    let player = ScriptedPlayer::start(&bus, "mpv", song("Overture"));
    juliet.wait_for_tune(&ROMEO.jid(), "the first song", |tune| tune["title"] == "Overture");
    delay(TURN * 5);
    let (mut presences, mut tunes) = (Vec::new(), Vec::new());
    for number in 0..SONGS {
        if number >= 4 {
            delay(TURN);
        }
        let title = format!("Number {number}");
        let begun = Instant::now();
        player.announce(song(&title));
        juliet.wait_for_presence(&ROMEO.jid(), "the song in the status", |presence| {
            presence["status"].as_str().is_some_and(|status| status.contains(&title))
        });
        presences.push(begun.elapsed());
        juliet.wait_for_tune(&ROMEO.jid(), "the song", |tune| tune["title"] == title.as_str());
        tunes.push(begun.elapsed());
    }
    table.times("a song in the status at slixmpp", presences, "");
    table.times("a song as User Tune at slixmpp", tunes, "");
    Ok(())
}

fn song(title: &str) -> xmppd_tests::player::scripted::Properties {
    playing(HashMap::from([
        ("mpris:trackid", Variant::from(zbus::ObjectPath::try_from("/track/1").expect("a path"))),
        ("xesam:title", Variant::from(title)),
        ("xesam:artist", Variant::from(vec!["Prokofiev"])),
    ]))
}
