//! An account, its server, the connection between them and the disk, in virtual time. The connection can be cut after
//! any byte, the disk can be slow, and the process can die.

mod parts;
mod shell;
mod verdict;

use std::collections::{BTreeMap, VecDeque};

use jid::Jid;
use xmppd_core::account::{Account, Change, Command, Input, LinkState, Memory, OnUncertain, Outgoing, Ticket};
use xmppd_core::loss::Loss;
use xmppd_core::stanza::MessageKind;

pub(crate) use parts::empty;
use parts::{Asked, Disk, settings};

use super::scram::Keys;
use super::server::{Kind, ROOM, Server};

/// A server that lingers does so for so many milliseconds.
const LATE: u64 = 400;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToClient,
    ToServer,
}

/// The connection is cut when so many more bytes have gone this way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) way: Way,
    pub(crate) after: usize,
}

pub(crate) struct World<'a> {
    keys: &'a Keys,
    pub(crate) server: Server<'a>,
    account: Account,
    disk: Disk,
    clock: u64,
    inputs: VecDeque<Input<'static>>,
    to_server: VecDeque<u8>,
    to_client: VecDeque<u8>,
    connected: bool,
    hanging_up: bool,
    pub(crate) cut: Option<Cut>,
    /// How many bytes have gone each way.
    pub(crate) carried: (usize, usize),
    /// The disk does nothing by itself.
    pub(crate) slow_disk: bool,
    stores: VecDeque<Asked>,
    tickets: u64,
    waiting: BTreeMap<Ticket, String>,
    pub(crate) state: LinkState,
    /// What was taken to be sent, in order, and what was answered.
    accepted: Vec<String>,
    refused: Vec<String>,
    /// What the account told of messages that came.
    pub(crate) told: Vec<String>,
    delivered: Vec<String>,
    /// Deaths of the process after which nobody can know what watchers were told.
    blind_deaths: u32,
    lives: u8,
    lost_at: u64,
    pub(crate) mistrusted: bool,
    on_uncertain: OnUncertain,
    /// The stanzas of which the account said that they are uncertain.
    aside: Vec<String>,
}

impl<'a> World<'a> {
    pub(crate) fn new(kind: Kind, keys: &'a Keys) -> Self {
        Self::with_disk(kind, keys, empty(kind.room))
    }

    pub(crate) fn with_disk(kind: Kind, keys: &'a Keys, disk: Memory) -> Self {
        let mut disk = Disk::new(disk);
        Self {
            keys,
            server: Server::new(kind, keys),
            account: Account::new(settings(OnUncertain::Resend), disk.read(), [0; 32]),
            disk,
            clock: 1_000_000,
            inputs: VecDeque::new(),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            connected: false,
            hanging_up: false,
            cut: None,
            carried: (0, 0),
            slow_disk: false,
            stores: VecDeque::new(),
            tickets: 0,
            waiting: BTreeMap::new(),
            state: LinkState::Offline,
            accepted: Vec::new(),
            refused: Vec::new(),
            told: Vec::new(),
            delivered: Vec::new(),
            blind_deaths: 0,
            lives: 0,
            lost_at: 1_000_000,
            mistrusted: false,
            on_uncertain: OnUncertain::Resend,
            aside: Vec::new(),
        }
    }

    /// Before its start: what is uncertain is held, or sent again.
    pub(crate) fn holding(mut self, holds: bool) -> Self {
        self.on_uncertain = if holds { OnUncertain::Hold } else { OnUncertain::Resend };
        self.account = Account::new(settings(self.on_uncertain), self.disk.read(), [0; 32]);
        self
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.disk.memory
    }

    pub(crate) fn start(&mut self) {
        self.handle(Input::Start);
    }

    /// Somebody sends a message; each has a text of its own.
    pub(crate) fn send(&mut self) {
        self.tickets += 1;
        let (ticket, body) = (Ticket(self.tickets), format!("out-{}", self.tickets));
        self.waiting.insert(ticket, body.clone());
        self.accepted.push(body.clone());
        let to = if self.server.kind.room { ROOM } else { "juliet@verona.example" };
        let to = Jid::new(to).expect("a JID");
        let (kind, subject, url) = (MessageKind::Chat, None, None);
        let outgoing = Outgoing {
            id: None,
            only_again: false,
            to,
            kind,
            body,
            subject,
            receipt: false,
            url,
            correcting: None,
            no_wait: false,
        };
        self.handle(Input::Command(Command::Send(ticket, outgoing)));
    }

    /// Somebody writes to the account.
    pub(crate) fn receive(&mut self) {
        let body = format!("in-{}", self.delivered.len());
        if self.server.kind.room {
            self.server.say_in_room(&body);
        } else {
            self.server.deliver(&body);
        }
        self.delivered.push(body);
    }

    /// The connection breaks, with what is under way.
    pub(crate) fn break_connection(&mut self) {
        if std::mem::take(&mut self.connected) {
            self.lose();
            if !std::mem::take(&mut self.hanging_up) {
                self.inputs.push_back(Input::Lost(Loss::Broken("cut".into())));
            }
        }
    }

    fn lose(&mut self) {
        self.to_client.clear();
        if self.server.lost(self.to_server.drain(..).collect()) {
            self.lost_at = self.clock;
        }
    }

    /// The process dies: of what the disk was asked to keep, the first so many were kept.
    pub(crate) fn die(&mut self, kept: usize) {
        for asked in self.stores.drain(..).take(kept).collect::<Vec<_>>() {
            let Asked::Keep(_, change) = asked else { continue };
            self.blind_deaths += u32::from(matches!(change, Change::Handled(..) | Change::Known(_)));
            self.disk.keep(change);
        }
        self.stores.clear();
        self.inputs.clear();
        self.hanging_up = false;
        if std::mem::take(&mut self.connected) {
            self.lose();
        }
        // Nobody is left to be answered. What was not kept was never taken.
        for body in std::mem::take(&mut self.waiting).into_values() {
            let is_kept = self.disk.memory.messages.iter().any(|message| message.stanza.contains(&format!(">{body}<")));
            if !is_kept && !self.server.handled.contains(&body) {
                self.refused.push(body);
            }
        }
        self.lives += 1;
        self.account = Account::new(settings(self.on_uncertain), self.disk.read(), [self.lives; 32]);
        self.start();
    }

    /// The archive loses what the account knows of it, unless it is to bear witness.
    pub(crate) fn forget_what_is_known(&mut self) {
        let memory = &self.disk.memory;
        let room = memory.rooms.first().and_then(|room| room.border.as_ref());
        let border = room.or(memory.border.as_ref()).and_then(|border| border.id.as_ref());
        if let Some(border) = border.filter(|_| memory.messages.is_empty()) {
            self.server.expire(border);
        }
    }

    /// How many changes wait for the disk.
    pub(crate) fn unstored(&self) -> usize {
        self.stores.len()
    }

    /// The disk does what it was asked first, or cannot.
    pub(crate) fn store(&mut self, works: bool) {
        let failed = || "no space".to_owned();
        match self.stores.pop_front() {
            Some(Asked::Keep(ticket, change)) => {
                if works {
                    self.disk.keep(change);
                }
                self.handle(Input::Stored(ticket, if works { Ok(()) } else { Err(failed()) }));
            }
            Some(Asked::Load(most)) => {
                let loaded = if works { Ok(self.disk.load(most)) } else { Err(failed()) };
                self.handle(Input::Loaded(loaded));
            }
            None => {}
        }
    }

    /// Carries up to so many bytes; whether there were any.
    pub(crate) fn carry(&mut self, way: Way, most: usize) -> bool {
        if !self.connected {
            return false;
        }
        let (queue, carried) = match way {
            Way::ToClient => {
                self.to_client.extend(self.server.take());
                (&mut self.to_client, &mut self.carried.0)
            }
            Way::ToServer => (&mut self.to_server, &mut self.carried.1),
        };
        let mut count = most.min(queue.len());
        let cut = self.cut.as_mut().filter(|cut| cut.way == way);
        let is_cut = cut.is_some_and(|cut| {
            count = count.min(cut.after);
            cut.after -= count;
            cut.after == 0
        });
        let bytes: Vec<u8> = queue.drain(..count).collect();
        *carried += count;
        match way {
            Way::ToClient if count > 0 => self.handle(Input::Bytes(&bytes)),
            Way::ToServer if count > 0 => self.server.receive(&bytes),
            Way::ToClient | Way::ToServer => {}
        }
        if is_cut {
            self.cut = None;
            self.break_connection();
        } else if self.hanging_up && self.to_server.is_empty() {
            self.break_connection();
        }
        count > 0 || is_cut
    }

    /// Does everything that needs no time.
    pub(crate) fn settle(&mut self) {
        for _ in 0..100_000 {
            if let Some(input) = self.inputs.pop_front() {
                self.handle(input);
            } else if !self.slow_disk && !self.stores.is_empty() {
                self.store(true);
            } else if !self.carry(Way::ToServer, usize::MAX) && !self.carry(Way::ToClient, usize::MAX) {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// One of the things that the shell owes the account.
    pub(crate) fn answer_shell(&mut self) {
        if let Some(input) = self.inputs.pop_front() {
            self.handle(input);
        }
    }

    /// Lets time pass until the next deadline.
    pub(crate) fn wait(&mut self) {
        if let Some(at) = self.account.deadline() {
            self.clock = self.clock.max(at.as_millis());
            self.handle(Input::Tick);
        }
    }

    pub(crate) fn is_online(&self) -> bool {
        self.state == LinkState::Online && self.connected
    }

    /// Goes on until the account is online, for half an hour at most.
    pub(crate) fn until_online(&mut self) {
        let end = self.clock + 30 * 60_000;
        self.settle();
        while !self.is_online() {
            self.wait();
            self.settle();
            assert!(self.clock < end, "it never comes online: {:?}", self.state);
        }
    }

    /// Goes on until the disk knows how far the room is known, if there is one.
    pub(crate) fn until_known(&mut self) {
        self.settle();
        while self.server.kind.room && self.memory().rooms.iter().any(|room| room.border.is_none()) {
            self.wait();
            self.settle();
        }
    }

    /// Goes on until nothing is owed to anybody.
    pub(crate) fn until_quiet(&mut self) {
        let end = self.clock + 30 * 60_000;
        self.cut = None;
        self.slow_disk = false;
        self.until_online();
        if !self.disk.memory.messages.is_empty() {
            // What a failing disk could not forget goes with the next one.
            self.send();
            self.settle();
        }
        while self.lacks_something()
            || !self.waiting.is_empty()
            || !self.server.is_idle()
            || !self.disk.memory.messages.is_empty()
            || !self.is_online()
        {
            self.wait();
            self.settle();
            assert!(self.clock < end, "somebody waits for ever: {:?}, {:?}", self.waiting, self.disk.memory.messages);
        }
    }

    /// Whether something that was said in the room is still to be told.
    fn lacks_something(&self) -> bool {
        self.server.kind.room && self.blind_deaths == 0 && self.told.len() < self.delivered.len()
    }
}
