//! Messages that are taken while there is no session: each is on the disk before it is answered for, beside how often the
//! same disk can be made to keep anything; and what a hundred thousand of them hold in memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xmppd_tests::certificate::Authority;
use xmppd_tests::cost::Cost;
use xmppd_tests::daemon::Home;
use xmppd_tests::missing::Missing;
use xmppd_tests::process::{Folder, free_port};
use xmppd_tests::server::people::JULIET;

use crate::configuration;
use crate::table::{Table, mebibytes};

/// Messages in one go on one connection, which may make a thousand calls a second.
const PART: usize = 900;
const MANY: usize = 100_000;
/// As many connections at once.
const WRITERS: usize = 8;

pub(crate) fn measure(table: &mut Table) -> Result<(), Missing> {
    let folder = Folder::new("outbox");
    let trusted = folder.write("authority.pem", &Authority::new().pem());
    let home = Home::new(&configuration(free_port(), &trusted, ""))?;
    let mut daemon = home.start();
    let cost = Cost::of(daemon.process().id());
    home.eventually(&["account", "list"], |list| list["accounts"][0]["state"] == "retrying");
    let before = cost.memory().private;

    let mut probe = Probe::prepare(&home.state().join("probe"));
    let synced = rate(200, || probe.sync());
    table.line("this disk: 4 KiB written and synced", &format!("{synced:.0} /s"), "");
    let socket = home.socket();
    let mut stream = Caller::open(&socket);
    let alone = rate(200, || stream.send(1));
    table.line("messages kept, one after the other", &format!("{alone:.0} /s"), "as the disk");
    // The thousand calls a second are counted from now on.
    xmppd_tests::wait::delay(Duration::from_secs(1));
    let together = rate(1, || stream.send(PART)) * PART as f64;
    table.line("messages kept, many asked for at once", &format!("{together:.0} /s"), "");
    table.line("  for each sync of the disk", &format!("{:.1}", together / synced), "");

    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..MANY / WRITERS / PART + 1 {
                    Caller::open(&socket).send(PART);
                }
            });
        }
    });
    let (taken, with_them) = (begun.elapsed(), cost.memory().private);
    let waiting = home.json(&["outbox"])["messages"].as_array().map_or(0, Vec::len);
    table.line("messages that wait", &waiting.to_string(), "100000");
    table.line("  kept in", &format!("{:.1} s", taken.as_secs_f64()), "");
    table.line("  private dirty memory before", &mebibytes(before), "");
    table.line("  private dirty memory with them", &mebibytes(with_them), "");
    Ok(())
}

/// How often a second this can be done, from so many times.
fn rate(times: u32, mut act: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..times).for_each(|_| act());
    f64::from(times) / begun.elapsed().as_secs_f64()
}

/// A file that is written over, as a database's log is: its length stays.
struct Probe {
    file: File,
    at: u64,
}

impl Probe {
    fn prepare(path: &Path) -> Self {
        let file = File::create(path).expect("the state folder is ours");
        file.write_all_at(&vec![1; 4 << 20], 0).and_then(|()| file.sync_all()).expect("the disk works");
        Self { file, at: 0 }
    }

    fn sync(&mut self) {
        self.file.write_all_at(&[0; 4096], self.at).and_then(|()| self.file.sync_data()).expect("the disk works");
        self.at += 4096;
    }
}

/// One connection to the socket.
struct Caller {
    stream: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Caller {
    fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("xmppd listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket takes a timeout");
        let answers = BufReader::new(stream.try_clone().expect("a socket can be doubled"));
        Self { stream, answers }
    }

    /// Asks for so many messages at once and waits until all are kept.
    fn send(&mut self, count: usize) {
        let body = "Wherefore art thou? Deny thy father and refuse thy name.";
        let params = json!({"to": JULIET.jid(), "body": body});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "send", "params": params});
        self.stream.write_all(format!("{call}\n").repeat(count).as_bytes()).expect("xmppd reads");
        for _ in 0..count {
            let mut line = String::new();
            self.answers.read_line(&mut line).expect("xmppd answers");
            let answer: Value = serde_json::from_str(&line).expect("it answers in JSON");
            assert_eq!(answer["result"]["state"], "queued", "{line}");
        }
    }
}
