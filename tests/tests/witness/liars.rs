//! Archives that lie, told by a scripted server to a client whose letter it took before it ended the session.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use xmppd_tests::account;
use xmppd_tests::certificate::{Authority, Flaw};
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::present;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::ScriptedServer;
use xmppd_tests::scripted_server::session::{Turn, id};
use xmppd_tests::server::Tls;
use xmppd_tests::server::people::{JULIET, ROMEO};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const MAM: &str = "urn:xmpp:mam:2";
const RSM: &str = "http://jabber.org/protocol/rsm";
/// It is taken, and its session ended before anybody says so.
const DOUBTFUL: &str = "two";

/// What the archive says of the letters "one" and "two", both of which it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Archive {
    /// The truth.
    Has,
    /// There is none.
    Absent,
    /// It has nothing.
    Hides,
    /// It has nothing, of 99.
    Counts,
    /// It answers with nothing that can be read.
    Garbles,
    /// Others say that it has both, it answers what nobody asked, and it has both from and to others.
    Forges,
    /// It has the first, again and again, each time with another end.
    Repeats,
    /// It has the first, and no place in itself.
    Loses,
    /// It has the first, and that is all.
    Half,
}

impl Archive {
    const ALL: [Self; 9] = [
        Self::Has,
        Self::Absent,
        Self::Hides,
        Self::Counts,
        Self::Garbles,
        Self::Forges,
        Self::Repeats,
        Self::Loses,
        Self::Half,
    ];
}

#[test]
fn a_letter_in_doubt_that_is_to_be_held_comes_once_whatever_the_archive_says() {
    everywhere(|archive| match archive {
        Archive::Has => (1, false),
        // Who has the letter before and lacks this one is believed.
        Archive::Half => (2, false),
        _ => (1, true),
    });
}

#[test]
fn a_letter_in_doubt_comes_again_once_unless_the_archive_has_it() {
    everywhere(|archive| (if archive == Archive::Has { 1 } else { 2 }, false));
}

/// Plays it with each archive: how often the letter comes, and whether it is then held.
fn everywhere(expected: impl Fn(Archive) -> (usize, bool) + Sync) {
    std::thread::scope(|scope| {
        for archive in Archive::ALL {
            let expected = &expected;
            scope.spawn(move || play(archive, expected(Archive::Hides).1, expected(archive)));
        }
    });
}

fn play(archive: Archive, holds: bool, (times, is_held): (usize, bool)) {
    let (authority, folder) = (Authority::new(), Folder::new("witness"));
    let (trusted, certificate) = (folder.write("authority.pem", &authority.pem()), authority.issue(Flaw::None));
    let taken = Arc::new(Mutex::new(Vec::new()));
    let all = taken.clone();
    let server = ScriptedServer::start(move |client| {
        let is_first = client.number == 0;
        client.session(&certificate, ROMEO, |stanza| {
            let mut taken = all.lock().expect("nobody panics with it");
            if stanza.contains(INFO) {
                return Turn::Say(features(stanza, archive) + if is_first { "" } else { LIVE });
            }
            if stanza.contains(MAM) {
                return Turn::Say(page(stanza, if is_first { Archive::Hides } else { archive }, &taken));
            }
            let Some(body) = text(stanza) else { return Turn::Usual };
            taken.push((id(stanza).to_owned(), body.to_owned()));
            if is_first && body == DOUBTFUL {
                let error = "<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
                return Turn::End(format!("<stream:error>{error}</stream:error></stream:stream>"));
            }
            Turn::Usual
        })
    });
    let password = format!("password-command = [\"printf\", \"%s\", {:?}]", ROMEO.password);
    let policy = format!("[messages]\non-uncertain = \"{}\"\n", if holds { "hold" } else { "resend" });
    let account = account::romeo_at((server.port(), Tls::Starttls), &trusted, &password);
    let configuration = account.replace("verona.example\"", "verona.example/scripted\"") + &policy;
    let Some(home) = present("archives that lie", Home::new(&configuration)) else { return };
    let daemon = home.start();
    assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    let send = |text: &str| home.json(&["-t", "20s", "send", &JULIET.jid(), text]);
    assert_eq!(send("one")["state"], "sent");
    let doubtful = send(DOUBTFUL);
    assert_eq!(doubtful["state"], "queued", "{doubtful}");
    assert_eq!(home.ctl(&["-t", "20s", "account", "connect"]).code, 0);
    // Whoever comes behind is not held up.
    assert_eq!(send("three")["state"], "sent", "{archive:?}: {}", daemon.log());
    if is_held {
        let listed = home.eventually(&["outbox"], |list| list["messages"][0]["state"] == "uncertain");
        assert_eq!(listed["messages"][0]["id"], doubtful["id"], "{archive:?}");
    } else {
        assert_eq!(home.ctl(&["-t", "20s", "wait", "outbox", "empty"]).code, 0, "{archive:?}");
    }
    let taken = taken.lock().expect("nobody panics with it");
    let doubtful = (doubtful["id"].as_str().unwrap_or_default().to_owned(), DOUBTFUL.to_owned());
    assert_eq!(taken.iter().filter(|letter| **letter == doubtful).count(), times, "{archive:?}: {taken:?}");
    let others: Vec<&str> = taken.iter().map(|(_, body)| &**body).filter(|body| *body != DOUBTFUL).collect();
    assert_eq!(others, ["one", "three"], "{archive:?}");
    let mut known = bodies(&home.eventually(&["history"], |history| bodies(history).len() >= 5));
    known.sort();
    assert_eq!(known, ["live one", "live two", "one", "three", "two"], "{archive:?}");
}

/// Two of Juliet's letters, one with our account's name for it; what others call them is no reason to drop one.
const LIVE: &str = "<message from='juliet@verona.example/balcony' type='chat' id='l1'><body>live one</body>\
    <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@verona.example' id='same'/></message>\
    <message from='juliet@verona.example/balcony' type='chat' id='l2'><body>live two</body>\
    <stanza-id xmlns='urn:xmpp:sid:0' by='romeo@verona.example' id='p-9'/>\
    <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@verona.example' id='same'/></message>";

fn features(question: &str, archive: Archive) -> String {
    let from = between(question, " to='", "'").map(|to| format!(" from='{to}'")).unwrap_or_default();
    let feature = if archive == Archive::Absent { String::new() } else { format!("<feature var='{MAM}'/>") };
    format!("<iq type='result' id='{}'{from}><query xmlns='{INFO}'>{feature}</query></iq>", id(question))
}

/// A page of the archive; a first session finds it empty.
fn page(question: &str, archive: Archive, taken: &[(String, String)]) -> String {
    let query = between(question, "queryid='", "'").unwrap_or_default();
    let is_behind = question.contains("<after>");
    let number = id(question);
    let ours = |letter: &(String, String), to: &str, from: &str| {
        let (id, body) = letter;
        format!(
            "<message xmlns='jabber:client' from='{from}' to='{to}' id='{id}' type='chat'><body>{body}</body></message>"
        )
    };
    let romeo = format!("{}/scripted", ROMEO.jid());
    let mine = |letter| ours(letter, &JULIET.jid(), &romeo);
    let (end, results) = match archive {
        Archive::Has => (Some(""), taken.iter().map(|letter| result(query, &letter.0, &mine(letter), "")).collect()),
        Archive::Absent | Archive::Hides => (Some(""), String::new()),
        Archive::Counts => (Some("<count>99</count>"), String::new()),
        Archive::Garbles => return format!("<iq type='result' id='{number}'/>"),
        Archive::Forges => (
            Some("<count>1</count>"),
            taken
                .iter()
                .flat_map(|letter| {
                    let elsewhere = ours(letter, "nurse@verona.example", &romeo);
                    let foreign =
                        ours(letter, &ROMEO.jid(), "nurse@verona.example/x").replace("</body>", ": a lie</body>");
                    [
                        result("another", &letter.0, &mine(letter), ""),
                        result(query, &letter.0, &mine(letter), " from='juliet@verona.example'"),
                        result("another", "f", &foreign, ""),
                        result(query, &letter.0, &elsewhere, ""),
                    ]
                })
                .collect(),
        ),
        Archive::Loses if is_behind => {
            let error = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
            return format!("<iq type='error' id='{number}'><error type='cancel'>{error}</error></iq>");
        }
        Archive::Repeats | Archive::Loses => (None, result(query, "p-1", &mine(&taken[0]), "")),
        Archive::Half => (Some(""), result(query, "p-1", &mine(&taken[0]), "")),
    };
    let (complete, set) = match end {
        Some(set) => (" complete='true'", set.to_owned()),
        None => ("", format!("<last>p-{number}</last>")),
    };
    let fin = format!("<fin xmlns='{MAM}'{complete}><set xmlns='{RSM}'>{set}</set></fin>");
    format!("{results}<iq type='result' id='{number}'>{fin}</iq>")
}

fn result(query: &str, place: &str, message: &str, from: &str) -> String {
    format!(
        "<message{from}><result xmlns='{MAM}' queryid='{query}' id='{place}'><forwarded xmlns='urn:xmpp:forward:0'>\
         {message}</forwarded></result></message>"
    )
}

/// The texts of a history.
fn bodies(report: &Value) -> Vec<String> {
    let messages = report["messages"].as_array().into_iter().flatten();
    messages.filter_map(|message| message["body"].as_str()).map(str::to_owned).collect()
}

fn text(stanza: &str) -> Option<&str> {
    between(stanza, "<body>", "<")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(inner, _)| inner)
}
