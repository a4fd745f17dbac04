//! Real programs of other people's: VLC, a browser, playerctld. Each has been complained of in its own way.

use serde_json::json;
use xmppd_tests::browser::{Browser, Site};
use xmppd_tests::missing::{Missing, present, program};
use xmppd_tests::player::playerctl;
use xmppd_tests::player::scripted::ScriptedPlayer;
use xmppd_tests::player::vlc::Vlc;
use xmppd_tests::server::Kind;

use crate::stage::{
    AT_ONCE, BRIEFLY, HARBOUR, Stage, TERRACES, adas, configuration, harbour, nothing, plays, soon, terraces,
};

/// A page that plays a tone for as long as it is open, with a title that the browser tells the bus.
const TAPE: &str = r#"<!DOCTYPE html><title>A page</title><body><script>
const rate = 8000, size = rate * 60, data = new DataView(new ArrayBuffer(44 + size));
const word = (at, text) => [...text].forEach((letter, index) => data.setUint8(at + index, letter.charCodeAt(0)));
word(0, 'RIFF'); data.setUint32(4, 36 + size, true); word(8, 'WAVEfmt '); data.setUint32(16, 16, true);
data.setUint16(20, 1, true); data.setUint16(22, 1, true); data.setUint32(24, rate, true); data.setUint32(28, rate, true);
data.setUint16(32, 1, true); data.setUint16(34, 8, true); word(36, 'data'); data.setUint32(40, size, true);
for (let at = 0; at < size; at++) data.setUint8(44 + at, 128 + 40 * Math.sin(at / 5));
const tape = new Audio(URL.createObjectURL(new Blob([data], {type: 'audio/wav'}))); tape.loop = true;
navigator.mediaSession.metadata = new MediaMetadata({title: 'Tape', artist: 'Ada'});
tape.play();
</script>"#;

#[test]
fn a_contact_sees_what_vlc_plays_once_though_it_has_two_names() {
    for kind in [Kind::Prosody13, Kind::Ejabberd] {
        let Some(mut stage) = Stage::set("VLC", kind, BRIEFLY) else { continue };
        let Some(vlc) = present("VLC", Vlc::play(&stage.bus, &[HARBOUR, TERRACES])) else { return };
        stage.shows(Some("♪ Ondes Lentes – Harbour Lights"), &harbour());
        let list = stage
            .home
            .eventually(&["tune", "players"], |list| list["players"].as_array().is_some_and(|all| all.len() == 2));
        let chosen = list["players"].as_array().into_iter().flatten().filter(|player| player["chosen"] == true).count();
        assert_eq!(chosen, 1, "{list}");
        let ctl = |verb| playerctl(&stage.bus, &["--player=vlc", verb]).expect("playerctl was there");
        ctl("next");
        stage.shows(Some("♪ Ondes Lentes – Terraces"), &terraces());
        let ctl = |verb| playerctl(&stage.bus, &["--player=vlc", verb]).expect("playerctl was there");
        ctl("pause");
        stage.shows(None, &nothing());
        let ctl = |verb| playerctl(&stage.bus, &["--player=vlc", verb]).expect("playerctl was there");
        ctl("play");
        stage.shows(Some("♪ Ondes Lentes – Terraces"), &terraces());
        vlc.quit();
        stage.shows(None, &nothing());
        assert_eq!(stage.since(0).tunes(), [harbour(), terraces(), nothing(), terraces(), nothing()]);
    }
}

#[test]
fn a_browsers_tab_is_told_only_where_the_person_allows_it_and_a_private_window_never() {
    let Some(mut stage) = Stage::set("a browser's tab", Kind::Prosody12, AT_ONCE) else { return };
    let site = Site::show(0, |_| TAPE.to_owned());
    let address = format!("http://127.0.0.1:{}/", site.port());
    let Some(browser) = present("a browser's tab", Browser::open(&address, "", Some(&stage.bus))) else { return };
    let tab = stage.player("chromium", |player| player["state"] == "playing" && player["tune"]["title"] == "Tape");
    assert_eq!((&tab["rule"], &tab["chosen"]), (&json!("deny \"chromium\""), &json!(false)), "{tab}");
    stage.settle();
    assert!(stage.since(0).tunes().is_empty(), "{:?}", stage.since(0).tunes());

    stage.home.configure(&configuration(&stage.server, &format!("{AT_ONCE}\ndeny = []")));
    stage.ctl(&["config", "reload"]);
    stage.until("the tape", |seen| seen.tune()["title"] == "Tape");
    let told = stage.since(0).tune();
    assert!(told.get("uri").is_none() && told["artist"] == "Ada", "{told}");
    drop(browser);
    stage.shows(None, &nothing());

    let mark = stage.mark();
    let private = Browser::open_in_private(&address, &stage.bus).expect("Chromium was there");
    let tab = stage.player("chromium", |player| player["state"] == "playing" && player["rule"] != "allow \"*\"");
    assert_eq!(tab["rule"], "publish-private is false, and it plays in a private window", "{tab}");
    drop(private);
    stage.settle();
    assert!(stage.since(mark).tunes().is_empty(), "{:?}", stage.since(mark).tunes());
}

#[test]
fn playerctld_does_not_tell_twice_nor_what_a_denied_player_plays() {
    let rules = format!("{AT_ONCE}\ndeny = [\"firefox\"]");
    let Some(mut stage) = Stage::set("playerctld", Kind::Prosody12, &rules) else { return };
    let Some(_proxy) = present("playerctld", playerctld(&stage)) else { return };
    let firefox = ScriptedPlayer::start(&stage.bus, "firefox", plays("Private"));
    stage.player("playerctld", |player| player["rule"] == "it shows what firefox plays");
    let mpv = ScriptedPlayer::start(&stage.bus, "mpv", plays("First"));
    stage.shows(Some("♪ Ada – First"), &adas("First"));
    let report = stage.home.json(&["tune"]);
    assert_eq!(report["player"], "mpv", "{report}");
    mpv.announce(plays("Second"));
    stage.shows(Some("♪ Ada – Second"), &adas("Second"));
    stage.player("playerctld", |player| player["chosen"] == false);
    drop(mpv);
    stage.shows(None, &nothing());
    drop(firefox);
    stage.settle();
    assert_eq!(stage.since(0).tunes(), [adas("First"), adas("Second"), nothing()]);
}

/// The real one, on the stage's bus.
fn playerctld(stage: &Stage) -> Result<xmppd_tests::talk::Talk, Missing> {
    program("playerctld")?;
    let proxy = stage.bus.follow("playerctld", &[])?;
    soon("playerctld is on the bus", || {
        let names = stage.bus.run("busctl", &["--user", "list", "--no-legend"]).ok()?;
        names.contains("org.mpris.MediaPlayer2.playerctld").then_some(())
    });
    Ok(proxy)
}
