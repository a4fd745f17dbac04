//! What README.md promises, read out of it and done: its recipes, its lines for other programs, its configurations,
//! its commands. The way of installing is tried with the units.

use std::collections::{BTreeSet, HashMap};
use std::process::Stdio;

use xmppd_tests::bus::Bus;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::{present, program};
use xmppd_tests::player::scripted::{ScriptedPlayer, playing};
use xmppd_tests::process::free_port;
use xmppd_tests::readme;
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{MERCUTIO, ROMEO};
use xmppd_tests::verona::Verona;
use zbus::Variant;

#[test]
fn the_ten_recipes_do_what_they_say() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let notified = home.write("bin/notify-send", "#!/bin/sh\necho \"$@\" >\"$HOME/notified\"\n");
    make_executable(&notified);
    let text = readme::text();
    let recipes: Vec<&str> =
        readme::section(&text, "Ten recipes").lines().filter(|line| line.starts_with('|')).skip(2).collect();
    assert_eq!(recipes.len(), 10, "{recipes:?}");
    let romeo = ROMEO.jid();
    for recipe in recipes {
        let commands = readme::code(recipe);
        assert!(!commands.is_empty(), "{recipe}");
        for command in commands {
            let said = shell(&home, &command);
            assert!(said.contains(shown_by(&command)), "`{command}` printed {said}");
            match command.as_str() {
                "xmppctl status dnd \"In a meeting until four\"" => {
                    verona.juliet.wait_for_presence(&romeo, "romeo is busy", |seen| {
                        seen["show"] == "dnd" && seen["status"] == "In a meeting until four"
                    })
                }
                "xmppctl status offline" => {
                    verona.juliet.wait_for_presence(&romeo, "romeo leaves", |seen| seen["type"] == "unavailable")
                }
                "xmppctl status online" => {
                    let came = verona.juliet.wait_for_presence(&romeo, "romeo is there", |seen| {
                        seen["type"] == "available" && seen["show"] != "dnd"
                    });
                    assert_eq!(shell(&home, "xmppctl wait online -t 20s"), "");
                    came
                }
                command if command.starts_with("xmppctl tune set") => {
                    verona.juliet.wait_for_tune(&romeo, "the record", |tune| tune["title"] == "Sinnerman")
                }
                "xmppctl tune clear" => verona
                    .juliet
                    .wait_for_tune(&romeo, "the silence", |tune| tune.as_object().is_some_and(|tune| tune.is_empty())),
                command if command.contains("xmppctl send") => {
                    verona.juliet.wait_for("the disks", |event| event["event"] == "message")
                }
                _ => continue,
            };
        }
    }
    assert_eq!(shell(&home, "cat ~/notified"), "Juliet is here\n");
}

/// A word that the command's answer has to have.
fn shown_by(command: &str) -> &str {
    match command {
        "xmppctl status" => "DELIVERY",
        "xmppctl roster --online" => "juliet",
        _ => "",
    }
}

#[test]
fn statuses_that_end_by_themselves_do_what_it_says() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let made = home.write("bin/make", "#!/bin/sh\nxmppctl status layers\n");
    make_executable(&made);
    let text = readme::text();
    let section = readme::section(&text, "A status that ends by itself");
    let lines: Vec<String> =
        readme::blocks(section, "sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
    assert_eq!(lines.len(), 8, "{lines:?}");
    for (line, seen, said) in [
        (&lines[0], "In a meeting", "timed until"),
        (&lines[1], "Lunch", "timed until"),
        (&lines[2], "Building", "command (make)"),
        (&lines[3], "Lunch", "nothing is above it"),
        (&lines[4], "", "you"),
    ] {
        let printed = shell(&home, line);
        assert!(printed.contains(said), "`{line}` printed {printed}");
        verona.juliet.wait_for_presence(&ROMEO.jid(), line, |presence| {
            presence["type"] == "available" && presence["status"].as_str().unwrap_or_default() == seen
        });
    }
    let tried = shell(&home, &lines[5]);
    assert_eq!(tried.lines().next(), Some("Out of office until Mond"), "{tried}");
    assert!(shell(&home, &lines[6]).contains("yes"));
    for seen in ["Out of office un", "ut of office unt"] {
        verona.juliet.wait_for_presence(&ROMEO.jid(), seen, |presence| presence["status"] == seen);
    }
    assert!(shell(&home, &lines[7]).contains("nothing scrolls"));
}

#[test]
fn the_right_song_is_chosen_as_it_says() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let Some(bus) = present("readme", Bus::start()) else { return };
    let home = Home::new(&verona.romeo("[tune]\nsettle = \"0s\"\n")).expect("the programs are built").with_bus(&bus);
    let _daemon = verona.enter(&home);
    let song = |title| playing(HashMap::from([("xesam:title", Variant::from(title))]));
    let player = ScriptedPlayer::start(&bus, "mpv", song("First"));
    verona.juliet.wait_for_tune(&ROMEO.jid(), "the song", |tune| tune["title"] == "First");
    let text = readme::text();
    let blocks = readme::blocks(readme::section(&text, "The right song"), "sh");
    let lines: Vec<&str> = blocks.iter().take(1).flat_map(|block| block.lines()).collect();
    assert_eq!(lines.len(), 8, "{lines:?}");
    for (line, said) in lines.into_iter().zip([
        "mpv is pinned",
        "playing (mpv)",
        "this track is skipped",
        "held until",
        "this track is skipped",
        "Nina Simone – Sinnerman",
        "a tune set by hand goes before all players",
        "Sinnerman by Nina Simone",
    ]) {
        let printed = shell(&home, line);
        assert!(printed.contains(said), "`{line}` printed {printed}");
    }
    verona.juliet.wait_for_tune(&ROMEO.jid(), "the one by hand", |tune| tune["title"] == "Sinnerman");
    player.announce(song("Second"));
    shell(&home, "xmppctl tune clear");
    verona.juliet.wait_for_tune(&ROMEO.jid(), "the next one", |tune| tune["title"] == "Second");
}

#[test]
fn players_can_post_what_they_play_as_it_says() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let Some(_) = present("readme", program("curl")) else { return };
    let text = readme::text();
    let section = readme::section(&text, "The right song");
    let port = free_port();
    let here = |text: &str| text.replace("8080", &port.to_string());
    let webhook = here(&readme::blocks(section, "toml").concat());
    let home = Home::new(&verona.romeo("[tune]\nsettle = \"0s\"\n")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    home.write(".config/xmppd/.keep", "");
    home.configure(&verona.romeo(&format!("[tune]\nsettle = \"0s\"\n{webhook}")));
    let blocks = readme::blocks(section, "sh");
    let lines: Vec<String> = blocks.last().expect("there are two").lines().map(here).collect();
    let [token, reload, post] = lines.as_slice() else { panic!("{lines:?}") };
    shell(&home, token);
    shell(&home, reload);
    home.eventually(&["doctor"], |report| {
        let checks = report["checks"].as_array().into_iter().flatten();
        checks.into_iter().any(|check| check["check"] == "webhook" && check["state"] == "ok")
    });
    assert!(shell(&home, post).starts_with("taken\n"));
    verona.juliet.wait_for_tune(&ROMEO.jid(), "the song", |tune| tune["title"] == "Sinnerman");
    assert_eq!(home.json(&["tune"])["player"], "webhook");
}

#[test]
fn what_it_says_of_contacts_works() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let Some(mut mercutio) = present("readme", Contact::login(&verona.server, Tls::Direct, MERCUTIO)) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let text = readme::text();
    let blocks = readme::blocks(readme::section(&text, "Contacts"), "sh");
    let lines: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    let shown = ["asked", "Duels", "them", "mercutio", "tybalt"];
    assert_eq!(lines.len(), shown.len(), "{lines:?}");
    for (line, shown) in lines.into_iter().zip(shown) {
        let printed = shell(&home, line);
        assert!(printed.contains(shown), "`{line}` printed {printed}");
    }
    let romeo = ROMEO.jid();
    mercutio.wait_for_presence(&romeo, "romeo asks", |presence| presence["type"] == "subscribe");
    mercutio.tell("presence", &serde_json::json!({"type": "subscribe", "to": romeo}));
    mercutio.wait_for_presence(&romeo, "he is approved beforehand", |presence| presence["type"] == "subscribed");
}

#[test]
fn what_else_contacts_may_know_works() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    shell(&home, PICTURE);
    let text = readme::text();
    let blocks = readme::blocks(readme::section(&text, "What else contacts may know"), "sh");
    let lines: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    let shown = ["She speaks", "relaxing/partying", "Romeo M.", "image/gif, 64×48", "nothing", "nothing"];
    assert_eq!(lines.len(), shown.len(), "{lines:?}");
    for (line, shown) in lines.into_iter().zip(shown) {
        let printed = shell(&home, line);
        assert!(printed.contains(shown), "`{line}` printed {printed}");
    }
    verona.juliet.wait_for("sees the mood", |event| event["event"] == "personal" && event["what"] == "mood");
}

#[test]
fn what_it_says_of_messages_works() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built");
    let _daemon = verona.enter(&home);
    let say = |verona: &mut Verona, body: &str| {
        verona.juliet.tell("message", &serde_json::json!({"to": ROMEO.jid(), "body": body}));
    };
    say(&mut verona, "By yonder blessed moon");
    home.eventually(&["unread"], |report| report["accounts"][0]["unread"] == 1);
    let text = readme::text();
    let blocks = readme::blocks(readme::section(&text, "What was said"), "sh");
    let lines: Vec<&str> = blocks.iter().flat_map(|block| block.lines()).collect();
    assert_eq!(lines.len(), 6, "{lines:?}");
    for (line, shown) in lines.iter().zip(["yonder", "yonder", "juliet@", ""]) {
        let printed = shell(&home, line);
        assert!(printed.contains(shown), "`{line}` printed {printed}");
    }
    assert!(shell(&home, lines[2]).contains("all is read"));
    let answered = std::thread::scope(|scope| {
        let asking = scope.spawn(|| shell(&home, lines[4]));
        verona.juliet.wait_for("the question", |event| event["body"] == "Wilt thou be gone?");
        say(&mut verona, "no, not yet");
        asking.join().expect("it is answered")
    });
    assert!(answered.contains("no, not yet"), "{answered}");
    assert!(shell(&home, lines[5]).contains("received"));
}

#[test]
fn what_it_says_for_other_programs_works() {
    let Some(mut verona) = present("readme", Verona::start()) else { return };
    let Some(bus) = present("readme", Bus::start()) else { return };
    let Some(_) = present("readme", bus.run("busctl", &["--version"])) else { return };
    let home = Home::new(&verona.romeo("")).expect("the programs are built").with_bus(&bus);
    let _daemon = verona.enter(&home);
    home.eventually(&["daemon", "status"], |status| status["bus_name"].is_string());
    let blocks = readme::blocks(readme::section(&readme::text(), "Ten recipes"), "sh");
    assert!(blocks.iter().any(|block| block.starts_with("busctl --user call")), "{blocks:?}");
    for block in blocks {
        shell(&home, &block);
    }
    verona.juliet.wait_for_presence(&ROMEO.jid(), "romeo by the bus", |seen| seen["status"] == "Good night");
}

#[test]
fn its_configurations_are_sound() {
    let home = Home::new("").expect("the programs are built");
    let text = readme::text();
    let blocks = readme::blocks(&text, "toml");
    assert!(blocks.len() >= 2, "{blocks:?}");
    // What may stand in place of the line that says where the password comes from.
    let replaced = |line: &str| blocks[0].replace("password-command = [\"pass\", \"show\", \"xmpp/romeo\"]", line);
    let lines: Vec<String> = readme::code(readme::section(&text, "Install it for your own account"))
        .into_iter()
        .filter(|code| code.contains(" = "))
        .collect();
    assert_eq!(lines.len(), 4, "three passwords and a server: {lines:?}");
    for configuration in blocks.iter().cloned().chain(lines.iter().map(|line| replaced(line))) {
        home.configure(&configuration);
        let checked = home.xmppd(&["--check"]);
        assert_eq!(checked.code, 0, "{configuration}\n{checked:?}");
    }
}

#[test]
fn every_command_it_names_is_there() {
    let home = Home::new("").expect("the programs are built");
    shell(&home, PICTURE);
    let text = readme::text();
    let blocks = readme::blocks(&text, "sh");
    let lines = blocks.iter().flat_map(|block| block.lines()).map(str::to_owned);
    let commands: BTreeSet<String> =
        readme::code(&text).into_iter().chain(lines).filter(|code| code.contains("xmppctl ")).collect();
    assert!(commands.len() >= 15, "{commands:?}");
    for command in commands {
        // The request instead of its doing; the rest of the line stays as it is.
        let (before, words) = command.split_once("xmppctl ").expect("it is in there");
        if before.is_empty() && !words.contains("&&") {
            shell(&home, &format!("xmppctl --print-request {words}"));
        }
    }
}

/// Draws the picture that README.md shows to contacts.
const PICTURE: &str = r"mkdir -p ~/Pictures && printf 'GIF89a\100\000\060\000' >~/Pictures/romeo.png";

/// Runs a line with the programs and `~/bin` in the path; it has to succeed. What it printed, errors included.
#[track_caller]
fn shell(home: &Home, line: &str) -> String {
    let folder = home.programs()[1].parent().expect("a program is in a folder").display();
    let line = format!("PATH=$HOME/bin:{folder}:$PATH\n{line}");
    let bounded =
        home.command(std::path::Path::new("timeout"), &["60", "sh", "-euc", &line]).stdin(Stdio::null()).output();
    let output = bounded.expect("timeout runs");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said
}

fn make_executable(file: &std::path::Path) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(file, mode).expect("the owner of a file sets its mode");
}
