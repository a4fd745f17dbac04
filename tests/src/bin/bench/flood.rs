//! Ten thousand contacts who all talk: a roster in one stanza, two presences and a message of each.

use std::fmt::Write;
use std::time::{Duration, Instant};

use xmppd_tests::certificate::{Authority, DOMAIN, Flaw};
use xmppd_tests::cost::Cost;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::Missing;
use xmppd_tests::process::Folder;
use xmppd_tests::scripted_server::{Conversation, Outcome, ScriptedServer};
use xmppd_tests::server::people::ROMEO;

use crate::configuration;
use crate::table::{Table, mebibytes};

const CONTACTS: usize = 10_000;
/// How many stanzas are sent at once.
const PART: usize = 100;

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let (authority, folder) = (Authority::new(), Folder::new("flood"));
    let trusted = folder.write("authority.pem", &authority.pem());
    let certificate = authority.issue(Flaw::None);
    let (tell, told) = std::sync::mpsc::channel();
    let server = ScriptedServer::start(move |client| {
        client.starttls(&certificate)?;
        let resource = client.log_in(ROMEO)?;
        flood(client, &format!("{}/{resource}", ROMEO.jid()))?;
        let _ = tell.send(());
        client.rest().map(drop)
    });
    let home = Home::new(&configuration(server.port(), &trusted, ""))?;
    let begun = Instant::now();
    let mut daemon = home.start();
    let cost = Cost::of(daemon.process().id());
    if told.recv_timeout(Duration::from_secs(120)).is_err() {
        table.line("10,000 contacts", "refused", "");
        eprintln!("{}\n{}", daemon.log(), home.ctl(&["account", "list"]).stdout);
        return Ok(());
    }
    let (cpu, taken) = (cost.cpu(), begun.elapsed());
    let memory = cost.memory();
    let asked = Instant::now();
    let online = home.ctl(&["roster", "--online", "--json"]).stdout.matches("\"resources\"").count();
    let listed = asked.elapsed();
    table.line("10,000 contacts: who are online", &online.to_string(), "10000");
    table.line("10,000 contacts, 30,000 stanzas: processor", &format!("{:.2} s", cpu.as_secs_f64()), "0.25 s");
    table.line("10,000 contacts, 30,000 stanzas: by the clock", &format!("{:.2} s", taken.as_secs_f64()), "");
    table.line("10,000 contacts, 30,000 stanzas: peak", &mebibytes(memory.peak), "16 MiB");
    table.line("10,000 contacts, afterwards: private dirty", &mebibytes(memory.private), "");
    table.line("xmppctl roster --online of 10,000", &format!("{:.0} ms", listed.as_secs_f64() * 1e3), "");
    Ok(())
}

fn flood(client: &mut Conversation, own: &str) -> Outcome {
    let asked = client.expect("jabber:iq:roster")?;
    let id = asked.rsplit_once(" id='").and_then(|(_, rest)| rest.split_once('\'')).map(|(id, _)| id.to_owned());
    client.send("<enabled xmlns='urn:xmpp:sm:3' id='flood' resume='true'/>")?;
    let mut roster = format!("<iq type='result' to='{own}' id='{}'>", id.unwrap_or_default());
    roster.push_str("<query xmlns='jabber:iq:roster'>");
    for number in 0..CONTACTS {
        let _ = write!(
            roster,
            "<item jid='contact{number}@{DOMAIN}' name='Contact {number}' subscription='both'><group>Friends</group></item>"
        );
    }
    client.send(roster + "</query></iq>")?;
    let presence = |number: usize, show: &str| {
        format!(
            "<presence from='contact{number}@{DOMAIN}/phone' to='{own}'><show>{show}</show><status>On the road until \
             the day after tomorrow</status><priority>5</priority><c xmlns='http://jabber.org/protocol/caps' \
             hash='sha-1' node='https://client.example' ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/></presence>"
        )
    };
    each(client, |number| presence(number, "away"))?;
    each(client, |number| presence(number, "dnd"))?;
    each(client, |number| {
        format!(
            "<message from='contact{number}@{DOMAIN}/phone' to='{own}' type='chat' id='m{number}'><body>How is it over \
             there? Number {number} would like to know.</body><active \
             xmlns='http://jabber.org/protocol/chatstates'/></message>"
        )
    })?;
    // Whoever acknowledges all has read all.
    client.send("<r xmlns='urn:xmpp:sm:3'/>")?;
    client.expect(&format!(" h='{}'", 1 + 3 * CONTACTS)).map(drop)
}

fn each(client: &mut Conversation, stanza: impl Fn(usize) -> String) -> Outcome {
    for part in 0..CONTACTS / PART {
        let stanzas: String = (part * PART..(part + 1) * PART).map(&stanza).collect();
        client.send(stanzas)?;
    }
    Ok(())
}
