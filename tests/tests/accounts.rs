//! Several accounts in one daemon, and what a reload of the configuration does to them.

use serde_json::{Value, json};
use xmppd_tests::account;
use xmppd_tests::contact::Contact;
use xmppd_tests::daemon::{Daemon, Home};
use xmppd_tests::missing::{Missing, present};
use xmppd_tests::server::people::{JULIET, MERCUTIO, ROMEO};
use xmppd_tests::server::{Kind, Server, Tls};

/// romeo as `home` and mercutio as `work`, in one daemon.
struct World {
    home: Home,
    _daemon: Daemon,
    juliet: Contact,
    server: Server,
}

impl World {
    fn start() -> Result<Self, Missing> {
        let server = Server::start(Kind::Prosody12)?;
        let juliet = Contact::login(&server, Tls::Direct, JULIET)?;
        let home = Home::new(&both(&server, "", ""))?;
        let daemon = home.start();
        assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
        Ok(Self { home, _daemon: daemon, juliet, server })
    }

    #[track_caller]
    fn reload(&self, configuration: &str) {
        self.home.configure(configuration);
        let answer = self.home.ctl(&["config", "reload"]);
        assert_eq!(answer.code, 0, "{answer:?}");
    }

    fn accounts(&self, words: &[&str]) -> Vec<Value> {
        self.home.json(words)["accounts"].as_array().cloned().unwrap_or_default()
    }
}

/// The configuration of both, each with more lines.
fn both(server: &Server, home: &str, work: &str) -> String {
    let romeo = account::romeo(server, Tls::Direct);
    let mercutio = romeo
        .replace("\"home\"", "\"work\"")
        .replace(&ROMEO.jid(), &MERCUTIO.jid())
        .replace(&format!("{:?}", ROMEO.password), &format!("{:?}", MERCUTIO.password));
    format!("{romeo}{home}\n{mercutio}{work}\n")
}

#[test]
fn a_verb_means_all_accounts_or_the_one_that_is_named() {
    let Some(mut world) = present("two accounts", World::start()) else { return };
    let shows = |accounts: &[Value]| -> Vec<Value> {
        accounts.iter().map(|it| json!([it["account"], it["requested"]["show"], it["delivery"]])).collect()
    };
    let set = world.accounts(&["status", "away", "Both"]);
    assert_eq!(shows(&set), [json!(["home", "away", "acknowledged"]), json!(["work", "away", "acknowledged"])]);
    let set = world.accounts(&["-a", "work", "status", "dnd"]);
    assert_eq!(shows(&set), [json!(["work", "dnd", "acknowledged"])]);
    let set = world.accounts(&["-a", &MERCUTIO.jid(), "status", "xa"]);
    assert_eq!(shows(&set), [json!(["work", "xa", "acknowledged"])]);
    let all = world.accounts(&["-a", "all", "status"]);
    assert_eq!(shows(&all), [json!(["home", "away", "acknowledged"]), json!(["work", "xa", "acknowledged"])]);

    let shown = world.accounts(&["account", "show", "work"]);
    assert_eq!(shown, world.accounts(&["-a", "work", "account", "list"]));
    assert_eq!((shown.len(), &shown[0]["account"], &shown[0]["state"]), (1, &json!("work"), &json!("online")));
    let sheet = world.home.ctl(&["-a", "home", "account", "show"]).stdout;
    for line in
        ["account:          home\n", "state:            online\n", "mechanism:        SCRAM", "round trips:      "]
    {
        assert!(sheet.contains(line), "{line:?} in {sheet}");
    }
    let unknown = world.home.ctl(&["account", "show", "nobody"]);
    assert_eq!(unknown.code, 10, "{unknown:?}");
    assert!(unknown.stderr.contains("home, work"), "{unknown:?}");

    let unclear = world.home.ctl(&["send", &JULIET.jid(), "From whom?"]);
    assert_eq!(unclear.code, 2, "{unclear:?}");
    assert!(unclear.stderr.contains("home") && unclear.stderr.contains("work"), "{unclear:?}");
    for (name, person) in [("home", ROMEO), ("work", MERCUTIO)] {
        assert_eq!(world.home.json(&["-a", name, "send", &JULIET.jid(), name])["account"], name);
        let got = world.juliet.wait_for("a message", |event| event["event"] == "message");
        assert_eq!((&got["body"], &got["bare"]), (&json!(name), &json!(person.jid())));
    }

    let list = world.accounts(&["account", "disconnect", "work"]);
    assert_eq!((list.len(), &list[0]["state"]), (1, &json!("offline")));
    assert_eq!(world.home.ctl(&["-a", "home", "wait", "online"]).code, 0);
    assert_eq!(world.home.ctl(&["wait", "online"]).code, 13);
}

#[test]
fn a_reload_changes_what_has_changed_and_leaves_the_rest_alone() {
    let Some(mut world) = present("reload", World::start()) else { return };
    let since = |world: &World| world.accounts(&["-a", "home", "account", "list"])[0]["since"].clone();
    let before = since(&world);
    assert_eq!(world.home.ctl(&["status", "chat", "Hello"]).code, 0);

    world.reload(&both(&world.server, "", "enabled = false"));
    let list = world.home.eventually(&["account", "list"], |list| list["accounts"][1]["state"] == "offline");
    assert_eq!(list["accounts"][1]["enabled"], false, "{list}");
    assert_eq!(world.home.ctl(&["account", "connect", "work"]).code, 12);
    assert_eq!(world.home.ctl(&["wait", "online"]).code, 0);

    world.reload(&account::romeo(&world.server, Tls::Direct));
    let names: Vec<Value> = world.accounts(&["account", "list"]).iter().map(|it| it["account"].clone()).collect();
    assert_eq!(names, ["home"]);

    world.reload(&both(&world.server, "", ""));
    assert_eq!(world.home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    assert_eq!(world.accounts(&["account", "list"]).len(), 2);
    assert_eq!(since(&world), before, "the other account never noticed");

    world.reload(&both(&world.server, "priority = 42", ""));
    world.juliet.wait_for_presence(&ROMEO.jid(), "sees the new priority", |it| {
        it["priority"] == 42 && it["show"] == "chat" && it["status"] == "Hello"
    });
    assert_eq!(world.home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
}

#[test]
fn each_account_of_two_servers_has_a_result_of_its_own() {
    let Some(prosody) = present("two servers", Server::start(Kind::Prosody12)) else { return };
    let Some(ejabberd) = present("two servers", Server::start(Kind::Ejabberd)) else { return };
    let work = account::romeo(&ejabberd, Tls::Direct).replace("\"home\"", "\"work\"");
    let configuration = format!("{}\n{work}", account::romeo(&prosody, Tls::Direct));
    let Some(home) = present("two servers", Home::new(&configuration)) else { return };
    let _daemon = home.start();
    assert_eq!(home.ctl(&["-t", "20s", "wait", "online"]).code, 0);
    for words in [&["status", "away", "Both"][..], &["-a", "all", "status", "away", "Both"]] {
        let set = home.json(words);
        for (place, name) in ["home", "work"].into_iter().enumerate() {
            let account = &set["accounts"][place];
            assert_eq!((&account["account"], &account["delivery"]), (&json!(name), &json!("acknowledged")), "{set}");
        }
    }
    // Neither server can hide anybody: nothing is changed, and there is a way out.
    for words in [
        &["status", "invisible"][..],
        &["-a", "work", "status", "invisible"],
        &["status", "dnd", "--for", "1h", "--then", "invisible"],
    ] {
        let answer = home.ctl(words);
        assert_eq!((answer.code, answer.stdout.as_str()), (7, ""), "{words:?}: {answer:?}");
        assert!(answer.stderr.contains("XEP-0186") && answer.stderr.contains("status offline"), "{answer:?}");
    }
    // Whose server cannot be asked may keep the wish: one has it, one has a failure, and the exit code is that one's.
    assert_eq!(home.ctl(&["account", "disconnect", "home"]).code, 0);
    let answer = home.ctl(&["--json", "status", "invisible", "--no-wait"]);
    assert_eq!(answer.code, 7, "{answer:?}");
    let set: Value = serde_json::from_str(&answer.stdout).expect("one document");
    assert_eq!(set["accounts"][0]["requested"]["show"], "invisible", "{set}");
    assert_eq!(
        (&set["accounts"][1]["requested"]["show"], &set["accounts"][1]["error"]["code"]),
        (&json!("away"), &json!(7))
    );
    assert!(answer.stderr.starts_with("{\"error\":{\"code\":7,"), "{answer:?}");
}
