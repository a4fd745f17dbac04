//! Plays a transcript with an account in virtual time: as it is written, or in one of the other ways in which the
//! same bytes can arrive. The account's answers must be the same in all of them.

use std::collections::{BTreeMap, VecDeque};

use xmppd_core::account::{Account, Change, Event, Input, LinkState, Output, StoreTicket, Ticket};
use xmppd_core::loss::Loss;
use xmppd_core::sasl::scram::Derivation;
use xmppd_core::secret::Secret;
use xmppd_core::time::{Moment, Now, Wall};
use xmppd_core::xml::Frame;

use super::compare::{self, Captures};
use super::scram::{Keys, Server};
use super::script::{Act, Script, Step, Wait};
use super::wire::{self, Wire};
use super::{account, words};

/// How the server's bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each `S:` in one piece.
    Whole,
    /// Byte by byte.
    Bytewise,
    /// Each `S:` in one piece with those that follow it directly.
    Coalesced,
    /// As written up to a step; of that one so many bytes, then nothing ever again.
    Cut { step: usize, bytes: usize },
}

/// The server's bytes by the number of their step.
pub(crate) type Says = BTreeMap<usize, Vec<u8>>;

/// Something the account did.
#[derive(Debug)]
enum Said {
    Frame(Frame),
    Happened(String),
}

pub(crate) struct Runner<'a> {
    script: &'a Script,
    keys: &'a Keys,
    mode: Mode,
    account: Account,
    clock: u64,
    said: VecDeque<Said>,
    wire: Wire,
    server: Server,
    captures: Captures,
    /// How often each command has been answered.
    tickets: BTreeMap<u64, usize>,
    derivation: Option<(Secret, Derivation)>,
    stores: VecDeque<StoreTicket>,
    /// What is kept without anybody waiting for it.
    stored: VecDeque<StoreTicket>,
    connected: bool,
    pub(super) state: Option<LinkState>,
    /// What each `S:` said.
    says: Says,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(script: &'a Script, keys: &'a Keys, mode: Mode) -> Self {
        Self {
            script,
            keys,
            mode,
            account: account::account(script),
            clock: 1_000_000,
            said: VecDeque::new(),
            wire: Wire::default(),
            server: Server::default(),
            captures: Captures::new(),
            tickets: BTreeMap::new(),
            derivation: None,
            stores: VecDeque::new(),
            stored: VecDeque::new(),
            connected: false,
            state: None,
            says: Says::new(),
        }
    }

    /// Plays it to its end and cuts the connection there, if it was not cut before.
    pub(crate) fn play(mut self) -> Result<Says, String> {
        self.handle(Input::Start).map_err(|why| format!("at the start: {why}"))?;
        let mut steps = self.script.steps.iter().enumerate().peekable();
        while let Some((number, step)) = steps.next() {
            let mut text = None;
            if let Act::Server(says) = &step.act {
                let mut says = self.filled(says).map_err(|why| format!("{}: {why}", step.place))?;
                if self.mode == Mode::Whole {
                    self.says.insert(number, says.clone().into_bytes());
                }
                while let (Mode::Coalesced, Some((_, Step { act: Act::Server(more), .. }))) = (self.mode, steps.peek())
                {
                    says += &self.filled(more)?;
                    steps.next();
                }
                text = Some(says);
            }
            let done = match (self.mode, text) {
                (Mode::Cut { step: at, bytes }, Some(says)) if at == number => {
                    return self
                        .cut_short(&says.as_bytes()[..bytes], number)
                        .map_err(|why| format!("{}: {why}", step.place));
                }
                (_, Some(says)) => self.quiet().and_then(|()| self.receive(&says)),
                (_, None) => self.step(step),
            };
            done.map_err(|why| format!("{}: {why}", step.place))?;
        }
        let last = self.script.steps.last().map(|step| step.place.clone()).unwrap_or_default();
        self.quiet().map_err(|why| format!("{last}, behind it: {why}"))?;
        let steps = self.script.steps.len();
        self.end(steps).map_err(|why| format!("cut at the end: {why}"))
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        if !matches!(step.act, Act::Client(_) | Act::Expect(_) | Act::Let(..)) {
            self.quiet()?;
        }
        match &step.act {
            Act::Server(_) => Ok(()),
            Act::Client(_) => self.expect_frames(&step.frames),
            Act::Expect(wanted) => self.expect(wanted),
            Act::Command(words) => self.command(words),
            Act::Shell(words) => self.shell(words),
            Act::Wait(Wait::Millis(millis)) => self.wait(*millis),
            Act::Wait(Wait::NextDeadline) => self.next_deadline(),
            Act::Cut => self.lose(Loss::Broken("cut".into())),
            Act::Let(name, text) => {
                self.captures.insert(name.clone(), text.clone());
                Ok(())
            }
        }
    }

    fn receive(&mut self, text: &str) -> Result<(), String> {
        self.server.said(text);
        if self.mode == Mode::Bytewise && account::splits(self.script) {
            return text.as_bytes().chunks(1).try_for_each(|byte| self.handle(Input::Bytes(byte)));
        }
        self.handle(Input::Bytes(text.as_bytes()))
    }

    fn command(&mut self, words: &[String]) -> Result<(), String> {
        let number = self.tickets.len() as u64 + 1;
        let words = words.iter().map(|word| self.filled(word)).collect::<Result<Vec<_>, _>>()?;
        let (command, answered) = account::command(&words, Ticket(number)).ok_or("no such command")?;
        if answered {
            self.tickets.insert(number, 0);
        }
        self.handle(Input::Command(command))
    }

    fn shell(&mut self, words: &[String]) -> Result<(), String> {
        let (first, rest) = words.split_first().ok_or("no words")?;
        match (first.as_str(), rest) {
            ("encrypted-only", chats) => {
                self.account.encrypted_only(self.now(), account::chats(chats));
                self.poll()
            }
            ("connected", rest) => {
                let connected = account::connected(rest);
                self.server.secured(connected.security.clone());
                self.connected = true;
                self.wire = Wire::default();
                self.handle(Input::Connected(connected))
            }
            ("secured", rest) => {
                let security = account::security(rest);
                self.server.secured(Some(security.clone()));
                self.handle(Input::Secured(security))
            }
            ("secret", [missing, reason]) if missing == "missing" => {
                self.handle(Input::Secret(Err(xmppd_core::account::SecretMissing(reason.clone()))))
            }
            ("secret", [secret]) => self.handle(Input::Secret(Ok(Secret::new(secret.clone())))),
            ("derived", []) => {
                let (secret, derivation) = self.derivation.take().ok_or("nothing is to be derived")?;
                self.handle(Input::Derived(self.keys.derive(&secret, &derivation)))
            }
            ("stored", rest) => {
                let ticket = self.stores.pop_front().ok_or("nothing is to be stored")?;
                let failed = rest.get(1).cloned();
                self.handle(Input::Stored(ticket, failed.map_or(Ok(()), Err)))
            }
            ("machine", [what]) => self.handle(Input::Machine(account::machine(what).ok_or("no such thing")?)),
            ("lost", rest) => self.lose(account::loss(rest).ok_or("no such loss")?),
            _ => Err("the shell says no such thing".into()),
        }
    }

    fn lose(&mut self, loss: Loss) -> Result<(), String> {
        self.connected = false;
        self.handle(Input::Lost(loss))
    }

    fn wait(&mut self, millis: u64) -> Result<(), String> {
        let end = self.clock + millis;
        while let Some(at) = self.account.deadline().map(Moment::as_millis).filter(|at| *at <= end) {
            self.clock = self.clock.max(at);
            self.tick()?;
        }
        self.clock = end;
        Ok(())
    }

    fn next_deadline(&mut self) -> Result<(), String> {
        let at = self.account.deadline().ok_or("there is no deadline")?;
        self.clock = self.clock.max(at.as_millis());
        self.tick()
    }

    fn tick(&mut self) -> Result<(), String> {
        self.handle(Input::Tick)?;
        let stands = self.account.deadline().is_some_and(|at| at.as_millis() <= self.clock);
        if stands { Err("a deadline that has come does not go away".into()) } else { Ok(()) }
    }

    /// Hands in an input and takes everything that comes of it.
    fn handle(&mut self, input: Input<'_>) -> Result<(), String> {
        self.account.handle(self.now(), input);
        self.poll()
    }

    fn poll(&mut self) -> Result<(), String> {
        while let Some(output) = self.account.poll() {
            self.take(output)?;
        }
        while let Some(ticket) = self.stored.pop_front() {
            self.account.handle(self.now(), Input::Stored(ticket, Ok(())));
            while let Some(output) = self.account.poll() {
                self.take(output)?;
            }
        }
        if self.connected && self.account.deadline().is_none() {
            return Err("connected, and nothing limits how long the server may be silent".into());
        }
        Ok(())
    }

    fn take(&mut self, output: Output) -> Result<(), String> {
        let of_outbox = matches!(output, Output::Event(Event::Outbox(_)));
        let of_unread = matches!(output, Output::Event(Event::Unread(..)) | Output::Store(_, Change::Read(..)));
        if (!of_outbox || account::tells_outbox(self.script)) && (!of_unread || account::tells_unread(self.script)) {
            self.said.extend(words::of_output(&output, self.now().wall).map(Said::Happened));
        }
        match output {
            Output::Write(bytes) => {
                if !self.connected {
                    return Err("it writes without a connection".into());
                }
                for frame in self.wire.frames(&bytes)? {
                    if let Frame::Element(element) = &frame
                        && matches!(element.name(), "auth" | "authenticate" | "response")
                    {
                        let initial = element.children().find(|child| child.name() == "initial-response");
                        self.server.heard(element.attr("mechanism"), &initial.unwrap_or(element).text());
                    }
                    self.said.push_back(Said::Frame(frame));
                }
            }
            Output::Derive(secret, derivation) => self.derivation = Some((secret, derivation)),
            // Only of these the transcript says when they are durable.
            Output::Store(
                ticket,
                Change::TuneOut(_) | Change::Message(..) | Change::Merged(_) | Change::Handled(..) | Change::Known(_),
            ) => {
                self.stores.push_back(ticket);
            }
            Output::Store(ticket, _) => self.stored.push_back(ticket),
            Output::Reply(Ticket(number), _) => {
                let answers = self.tickets.get_mut(&number).ok_or("an answer to nobody")?;
                *answers += 1;
                if *answers > 1 {
                    return Err(format!("command {number} is answered again"));
                }
            }
            Output::HangUp(_) => self.connected = false,
            Output::Event(Event::Link(report)) => self.state = Some(report.state),
            Output::Dial(_) | Output::StartTls | Output::NeedSecret | Output::Load(_) | Output::Event(_) => {}
        }
        Ok(())
    }

    fn expect_frames(&mut self, wanted: &[Frame]) -> Result<(), String> {
        for frame in wanted {
            match self.said.pop_front() {
                Some(Said::Frame(found)) if compare::frame(frame, &found, &mut self.captures) => {}
                Some(found) => {
                    return Err(format!("expected {}\n   found {}", Wire::text(frame), shown(&found)));
                }
                None => return Err(format!("expected {}\n   found nothing", Wire::text(frame))),
            }
        }
        Ok(())
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.said.pop_front() {
            Some(Said::Happened(found)) if compare::text(wanted, &found, &mut self.captures) => Ok(()),
            Some(found) => Err(format!("expected ! {wanted}\n   found {}", shown(&found))),
            None => Err(format!("expected ! {wanted}\n   found nothing")),
        }
    }

    /// Nothing is left that the transcript does not speak of.
    fn quiet(&self) -> Result<(), String> {
        match self.said.front() {
            None => Ok(()),
            Some(said) => Err(format!("nothing more was expected\n   found {}", shown(said))),
        }
    }

    fn cut_short(mut self, bytes: &[u8], step: usize) -> Result<Says, String> {
        self.handle(Input::Bytes(bytes))?;
        self.end(step)
    }

    /// The connection goes. Everybody is answered, once, and the account knows what is next.
    fn end(mut self, step: usize) -> Result<Says, String> {
        let cut = self.connected;
        if cut {
            self.lose(Loss::Broken("cut".into()))?;
        }
        let state = self.state.ok_or("no state was ever told")?;
        let told = format!("link {}", words::of_state(state));
        let mut later = self.script.steps[step..].iter();
        let foretold = later.any(|step| matches!(&step.act, Act::Expect(words) if words.starts_with(&told)));
        if cut && state != LinkState::Retrying && !foretold {
            return Err(format!("a cut makes it {}", words::of_state(state)));
        }
        self.find_nobody()?;
        if let Some((number, _)) = self.tickets.iter().find(|(_, answers)| **answers != 1) {
            let waits = state == LinkState::Connecting;
            return if waits { Ok(self.says) } else { Err(format!("command {number} is never answered")) };
        }
        if state == LinkState::Retrying {
            self.said.clear();
            self.wait(3_600_000)?;
            let again = |said: &Said| matches!(said, Said::Happened(words) if words.starts_with("dial") || words == "needs-secret");
            if !self.said.iter().any(again) {
                return Err("it never tries again".into());
            }
        }
        Ok(self.says)
    }

    /// The disk does its part, and the next attempt to connect fails: nobody waits for a session any longer.
    fn find_nobody(&mut self) -> Result<(), String> {
        while let Some(ticket) = self.stores.pop_front() {
            self.handle(Input::Stored(ticket, Ok(())))?;
        }
        let waits = self.tickets.values().any(|answers| *answers == 0);
        if waits && self.state == Some(LinkState::Retrying) {
            self.next_deadline()?;
            self.handle(Input::Lost(Loss::Unreachable("nobody".into())))?;
        }
        Ok(())
    }

    /// The text of an `S:` with everything that it stands for.
    fn filled(&mut self, text: &str) -> Result<String, String> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("no } behind {")?;
            filled += before;
            match (self.captures.get(name), wire::many(name)) {
                (Some(value), _) => filled += value,
                (None, Some(many)) => filled += &many,
                (None, None) => filled += &self.server.answer(name, self.keys)?,
            }
            rest = after;
        }
        filled += rest;
        Ok(compare::complete(&filled))
    }

    fn now(&self) -> Now {
        let wall = Wall::from_unix_millis(1_790_000_000_000 + i64::try_from(self.clock).unwrap_or(i64::MAX));
        Now { moment: Moment::from_millis(self.clock), wall }
    }
}

fn shown(said: &Said) -> String {
    match said {
        Said::Frame(frame) => Wire::text(frame),
        Said::Happened(words) => format!("! {words}"),
    }
}
