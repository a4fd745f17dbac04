//! Lives of a store on a disk that fails: what is asked of it, what it answered, and whether that is what is found.
//!
//! What should be there is known from a store on a sound disk that was asked for exactly what was answered with yes.

use std::collections::HashMap;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::mpsc;

use super::disk::{Call, Disk, Fault};
use super::machine::Machine;
use super::requests::{Step, account, home, take};
use super::{Database, Request, Store, StoreError};

/// The step and the place in it of a request.
type Asked = (usize, usize);

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The store is closed after the last step.
    Closed,
    /// The process dies after the step that failed, or the last one.
    Killed,
    /// The machine loses power after the step that failed, or the last one.
    PowerLostAtOnce,
    /// The machine loses power after the last step.
    PowerLost,
}

/// One life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    /// At which call of it what happens.
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) end: End,
    /// What chance does.
    pub(super) seed: u64,
}

/// Where lives are lived.
pub(super) struct Theatre {
    machine: Machine,
    sound: Machine,
    /// A disk with an account on it.
    image: Disk,
    /// The store does not wait for the disk, as it should.
    pub(super) hurries: bool,
    script: Vec<Step>,
    calls: Vec<Call>,
    /// What is there when this was answered with yes.
    expected: HashMap<Vec<Asked>, String>,
}

impl Theatre {
    pub(super) fn new(name: &str, script: Vec<Step>) -> Self {
        let (machine, sound) = (Machine::new(name), Machine::new(&format!("{name}, sound")));
        let mut database = sound.open().unwrap();
        assert_eq!(database.apply(&[account()]), [Ok(())]);
        database.close();
        let image = sound.disk().clone();
        Self { machine, sound, image, hurries: false, script, calls: Vec::new(), expected: HashMap::new() }
    }

    /// Plays other steps from now on.
    pub(super) fn play(&mut self, script: Vec<Step>) {
        self.script = script;
        self.expected.clear();
    }

    /// The calls of the last life.
    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Lives once; what is wrong afterwards.
    pub(super) fn live(&mut self, trial: Trial) -> Result<(), String> {
        let mut database = self.begin(trial);
        let (mut answered, mut failed) = (Vec::new(), None);
        for (number, step) in self.script.iter().enumerate() {
            let answers = perform(&mut database, step);
            let yes = (0..).zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(place, _)| (number, place));
            answered.extend(yes);
            let has_met = self.machine.disk().has_met();
            if has_met {
                self.machine.disk().lift();
                let is_refused = !answers.is_empty() && answers.iter().all(Result::is_err);
                failed = failed.or(is_refused.then_some(number));
            }
            let ends_at_once = [End::Killed, End::PowerLostAtOnce].contains(&trial.end);
            if self.machine.disk().is_dead() || (has_met && ends_at_once) {
                break;
            }
        }
        // What was asked last without an answer may be kept or not; what was refused before that is not kept.
        let mut possible = vec![answered.clone()];
        if let Some(number) = failed.filter(|number| answered.iter().all(|(step, _)| step < number)) {
            let asked = self.script[number].requests();
            possible.push(answered.into_iter().chain((0..asked).map(|place| (number, place))).collect());
        }
        let possible: Vec<String> = possible.into_iter().map(|asked| self.expect(asked)).collect();
        self.end(database, trial, &possible)
    }

    fn begin(&self, trial: Trial) -> Database {
        self.machine.disk().clone_from(&self.image);
        let database = self.machine.open().unwrap();
        if self.hurries {
            database.connection().pragma_update(None, "synchronous", "OFF").unwrap();
        }
        self.machine.disk().arm(trial.fault, trial.seed);
        database
    }

    fn end(&mut self, mut database: Database, trial: Trial, possible: &[String]) -> Result<(), String> {
        let is_dead = self.machine.disk().is_dead();
        let loses_power = [End::PowerLostAtOnce, End::PowerLost].contains(&trial.end);
        let mut possible = possible.to_vec();
        if trial.end == End::Closed && !is_dead {
            holds(&database, &possible[..1])?;
            if self.machine.disk().has_met() {
                possible = vec![goes_on(&mut database, "before")?];
            }
            database.close();
        } else {
            self.machine.disk().kill();
            drop(database);
        }
        self.calls = self.machine.disk().calls().to_vec();
        self.machine.disk().revive(loses_power);
        let mut database = self.machine.open().map_err(|error| format!("it does not open: {error}"))?;
        is_indexed(database.connection()).map_err(|error| format!("its index is damaged: {error}"))?;
        holds(&database, &possible)?;
        goes_on(&mut database, "after")?;
        self.machine.disk().kill();
        Ok(())
    }

    /// What is there when exactly this was answered with yes.
    fn expect(&mut self, asked: Vec<Asked>) -> String {
        let (sound, image, script) = (&self.sound, &self.image, &self.script);
        let play = |asked: &Vec<Asked>| {
            sound.disk().clone_from(image);
            let mut database = sound.open().unwrap();
            for (number, step) in script.iter().enumerate() {
                let places: Vec<usize> =
                    asked.iter().filter(|(at, _)| *at == number).map(|(_, place)| *place).collect();
                if !places.is_empty() {
                    perform(&mut database, &step.only(&places));
                }
            }
            let content = content(database.connection()).unwrap();
            sound.disk().kill();
            content
        };
        self.expected.entry(asked).or_insert_with_key(play).clone()
    }
}

impl Step {
    fn requests(&self) -> usize {
        match self {
            Self::Apply(requests) => requests.len(),
            Self::Load => 1,
            Self::Wipe => 0,
        }
    }

    fn only(&self, places: &[usize]) -> Self {
        match self {
            Self::Apply(requests) => Self::Apply(places.iter().map(|place| requests[*place].clone()).collect()),
            other @ (Self::Load | Self::Wipe) => other.clone(),
        }
    }
}

pub(super) fn perform(database: &mut Database, step: &Step) -> Vec<Result<(), StoreError>> {
    match step {
        Step::Apply(requests) => database.apply(requests),
        Step::Load => vec![ask(database, |store| store.load(home(), 1)).map(drop)],
        Step::Wipe => {
            database.wipe();
            Vec::new()
        }
    }
}

/// Asks the database by the store's handle, without its thread.
pub(super) fn ask<T, F: Future<Output = T>>(database: &Database, question: impl FnOnce(&Store) -> F) -> T {
    let (requests, mut queue) = mpsc::channel(1);
    let answer = question(&Store { requests });
    match queue.try_recv() {
        Ok(Request::Read(query)) => query(database.connection()),
        Ok(Request::Apply(..) | Request::Close(_)) | Err(_) => panic!("it is a question"),
    }
    match std::pin::pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it is answered"),
    }
}

/// Whether the index of words is that of the words; the rest is checked where the database is opened.
fn is_indexed(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO history_text (history_text, rank) VALUES ('integrity-check', 1)", [])
}

/// Whether the content is one of these.
fn holds(database: &Database, possible: &[String]) -> Result<(), String> {
    let found = content(database.connection()).map_err(|error| error.to_string())?;
    if possible.contains(&found) { Ok(()) } else { Err(difference(&possible[0], &found)) }
}

/// Whether it takes a message, as the last one; all that is there then.
fn goes_on(database: &mut Database, id: &str) -> Result<String, String> {
    let answers = database.apply(&[vec![take(id)]]);
    let outbox = ask(database, |store| store.outbox(home())).map_err(|error| error.to_string())?;
    match outbox.last() {
        Some(row) if row.id == id && answers == [Ok(())] => content(database.connection()).map_err(|e| e.to_string()),
        Some(_) | None => Err(format!("it does not go on: {answers:?}, {outbox:?}")),
    }
}

/// All rows of all tables, but for those that the index of words keeps for itself.
fn content(connection: &Connection) -> rusqlite::Result<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'history_text%' ORDER BY name";
    let tables: Vec<String> =
        connection.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut content = String::new();
    for table in tables {
        let mut query = connection.prepare_cached(&format!("SELECT * FROM {table}"))?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<_>, _>>()?;
            content.push_str(&format!("{table} {values:?}\n"));
        }
    }
    Ok(content)
}

fn difference(expected: &str, found: &str) -> String {
    let without = |one: &str, other: &str| {
        let lines = one.lines().filter(|line| !other.lines().any(|other| other == *line));
        lines.map(|line| line.chars().take(200).collect::<String>()).collect::<Vec<_>>()
    };
    format!("missing: {:#?}, not expected: {:#?}", without(expected, found), without(found, expected))
}
