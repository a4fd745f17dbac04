//! The harness on itself, the parts around a server: every part works before a test relies on it.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use xmppd_tests::bus::Bus;
use xmppd_tests::missing::present;
use xmppd_tests::netns::{Names, Netns, Srv};
use xmppd_tests::player::mpv::{Mpv, Tags};
use xmppd_tests::player::playerctl;
use xmppd_tests::player::scripted::{ScriptedPlayer, playing, properties};
use xmppd_tests::relay::{Cut, Plan, Relay, Way};
use xmppd_tests::user_manager::UserManager;
use xmppd_tests::wait::{SOON, eventually};
use zbus::Variant;

#[test]
fn a_real_player_is_seen_by_a_reader_that_is_not_ours() {
    let Some(bus) = present("bus", Bus::start()) else {
        return;
    };
    let files = [
        Tags {
            artist: "Prokofiev",
            title: "Dance of the Knights",
            album: "Romeo and Juliet",
            track: "13",
            seconds: 300,
        },
        Tags { artist: "Берлиоз", title: "Scène d'amour", album: "", track: "", seconds: 300 },
    ];
    let Some(mut player) = present("mpv", Mpv::play(&bus, &files)) else {
        return;
    };
    let shows = |template: &str, wanted: &str| {
        eventually(&format!("playerctl shows {wanted}"), SOON, || {
            (playerctl(&bus, &["metadata", "--format", template]).ok()? == wanted).then_some(())
        });
    };
    shows(
        "{{artist}}|{{title}}|{{album}}|{{mpris:length}}",
        "Prokofiev|Dance of the Knights|Romeo and Juliet|300000000",
    );
    player.next();
    shows("{{artist}}|{{title}}|{{status}}", "Берлиоз|Scène d'amour|Playing");
    player.pause();
    shows("{{status}}", "Paused");
    player.resume();
    shows("{{status}}", "Playing");
    player.quit();
    let gone = || (!playerctl(&bus, &["--list-all"]).ok()?.contains("mpv")).then_some(());
    eventually("mpv has left the bus", SOON, gone);
}

#[test]
fn a_scripted_player_says_what_it_is_told_and_counts_who_asks() {
    let Some(bus) = present("bus", Bus::start()) else {
        return;
    };
    let metadata = HashMap::from([("xesam:title", Variant::from("Queen Mab"))]);
    let mut player = ScriptedPlayer::start(&bus, "scripted", playing(metadata));
    let Some(title) = present("playerctl", playerctl(&bus, &["metadata", "title"])) else {
        return;
    };
    assert_eq!(title, "Queen Mab");
    let counted = player.calls().len();
    assert!(
        player.calls().contains(&"org.freedesktop.DBus.Properties.GetAll(org.mpris.MediaPlayer2.Player)".to_owned())
    );
    player.set(properties([("PlaybackStatus", Variant::from(7u32))]));
    let get = ["--user", "get-property", "org.mpris.MediaPlayer2.scripted", "/org/mpris/MediaPlayer2"];
    let get = [&get[..], &["org.mpris.MediaPlayer2.Player", "PlaybackStatus"]].concat();
    assert_eq!(present("busctl", bus.run("busctl", &get)), Some("u 7\n".to_owned()));
    assert!(player.calls().len() > counted);
}

#[test]
fn a_relay_delivers_exactly_so_many_bytes_and_cuts() {
    for (how, wanted) in [(Cut::Finish, None), (Cut::Reset, Some(ErrorKind::ConnectionReset))] {
        let echo = echo();
        let relay = Relay::start(echo);
        relay.plan(Plan { cut_after: Some((Way::Down, 7, how)), ..Plan::default() });
        let mut client = connect(relay.port());
        client.write_all(b"wherefore art thou").expect("the relay reads");
        let mut seen = [0; 64];
        let count = client.read(&mut seen).expect("the first bytes come");
        let end = client.read(&mut seen);
        assert_eq!(count, 7);
        assert_eq!(end.as_ref().err().map(std::io::Error::kind), wanted, "{end:?}");
        assert_eq!((relay.bytes(Way::Up), relay.bytes(Way::Down), relay.connections()), (18, 7, 1));
    }
}

#[test]
fn a_relay_delays_swallows_refuses_and_cuts_at_a_word() {
    let relay = Relay::start(echo());
    relay.plan(Plan { delay: Duration::from_millis(50), ..Plan::default() });
    let mut client = connect(relay.port());
    let mut seen = [0; 4];
    let begun = Instant::now();
    client.write_all(b"stay").expect("the relay reads");
    client.read_exact(&mut seen).expect("the echo comes");
    assert!(begun.elapsed() >= Duration::from_millis(100));

    relay.plan(Plan { swallow: true, ..Plan::default() });
    client.write_all(b"stay").expect("the relay reads");
    client.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket takes a timeout");
    assert_eq!(client.read(&mut seen).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));

    client.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    relay.cut(Cut::Reset);
    assert_eq!(client.read(&mut seen).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));

    relay.plan(Plan { refuse: true, ..Plan::default() });
    assert_eq!(connect(relay.port()).read(&mut seen).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_namespace_has_names_of_its_own_and_the_doors_it_is_given() {
    let services = [Srv {
        service: "_xmpp-client._tcp.verona.example",
        target: "chat.verona.example",
        port: 5222,
        priority: 5,
        weight: 1,
    }];
    let names = Names { services: &services, hosts: &[("chat.verona.example", Ipv4Addr::LOCALHOST)] };
    let Some(mut namespace) = present("namespace", Netns::start(names)) else {
        return;
    };
    let host = namespace.command("getent").args(["ahostsv4", "chat.verona.example"]).output().expect("getent runs");
    assert!(String::from_utf8_lossy(&host.stdout).starts_with("127.0.0.1"), "{host:?}");
    assert!(namespace.questions().contains("chat.verona.example"));

    namespace.expose(SocketAddr::from((Ipv4Addr::LOCALHOST, 5222)), echo());
    let say = "exec 3<>/dev/tcp/127.0.0.1/5222; echo Tybalt >&3; read -r line <&3; echo \"$line\"";
    let heard = namespace.command("bash").args(["-c", say]).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&heard.stdout), "Tybalt\n");
    namespace.network(false);
    let heard = namespace.command("timeout").args(["1", "bash", "-c", say]).output().expect("bash runs");
    assert!(!heard.status.success());
}

#[test]
fn a_user_manager_runs_units() {
    let Some(manager) = present("user manager", UserManager::start()) else {
        return;
    };
    manager.unit("verona.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo peace > %E/peace'\n");
    assert_eq!(manager.run("systemctl", &["--user", "daemon-reload"]), (String::new(), Some(0)));
    assert_eq!(manager.run("systemctl", &["--user", "start", "verona"]), (String::new(), Some(0)), "{}", manager.log());
    assert_eq!(std::fs::read_to_string(manager.home().join(".config/peace")).ok(), Some("peace\n".to_owned()));
    let (names, code) = manager.run("busctl", &["--user", "list", "--no-legend"]);
    assert!(code == Some(0) && names.contains("org.freedesktop.systemd1"), "{names}");
}

fn connect(port: u16) -> TcpStream {
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
    client.set_read_timeout(Some(SOON)).expect("a socket takes a timeout");
    client
}

/// A port that sends back what it gets.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a listener has an address").port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let copy = stream.try_clone();
            // It ends with the connection, however that ends.
            let _ = copy.and_then(|mut copy| std::io::copy(&mut stream, &mut copy));
        }
    });
    port
}
