//! Being invisible (XEP-0186): whether the server can hide us, and the way there and back. Nothing is sent that contacts
//! see before the server has answered; where it cannot hide us, no presence is sent at all.

use jid::Jid;

use super::super::context::Context;
use super::super::input::Ticket;
use super::super::output::{Delivery, Outcome, Problem};
use super::{Asker, Online};
use crate::presence::Show;
use crate::stanza::disco::Info;
use crate::stanza::{StanzaError, invisible};
use crate::xml::Element;

/// Where the session stands.
#[derive(Debug, Default)]
pub(super) struct Hiding {
    ability: Ability,
    hidden: bool,
    /// An answer of the server's is awaited that decides what may be shown.
    awaited: Option<Step>,
    /// Who asked for a presence meanwhile.
    waiting: Vec<Ticket>,
    /// Who asked whether we can be hidden.
    curious: Vec<Ticket>,
}

#[derive(Clone, Debug, Default)]
enum Ability {
    /// Not asked, or not answered yet.
    #[default]
    Unknown,
    /// The server says that it can.
    Offered,
    /// It does not say so.
    Missing,
    /// It says so and does not do it.
    Refused(StanzaError),
}

/// What the server is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Whether it can hide us.
    Ability,
    /// That it hides us.
    Hide,
    /// That it does not any more.
    Appear,
}

/// Of what the answer to a step may be: the payload or the error, or nothing in time.
type Answer<'a> = Option<Result<Option<&'a Element>, &'a StanzaError>>;

impl Hiding {
    /// In a session that another process began.
    pub(super) fn kept(hidden: bool) -> Self {
        Self { hidden, ..Self::default() }
    }

    /// Whether the server hides us, as far as we know.
    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// Everybody who waits, each once.
    pub(super) fn take_waiting(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.waiting)
    }

    /// The same of those who asked whether we can be hidden.
    pub(super) fn take_curious(&mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.curious)
    }

    /// Why who wants to be invisible is not there at all.
    pub(super) fn problem(&self, wanted: Show) -> Option<Problem> {
        let reason = match &self.ability {
            Ability::Unknown | Ability::Offered => return None,
            Ability::Missing => "the server cannot hide you (XEP-0186)".to_owned(),
            Ability::Refused(error) => format!("the server does not hide you: {error}"),
        };
        let message = format!("{reason}, so it is told no presence and nobody sees you");
        (wanted == Show::Invisible).then_some(Problem { kind: "invisible", message, retry_at: None })
    }

    fn refusal(&self) -> Outcome {
        match &self.ability {
            Ability::Refused(error) => Outcome::Refused(error.clone()),
            Ability::Unknown | Ability::Offered | Ability::Missing => Outcome::Unsupported,
        }
    }
}

impl Online {
    /// Whether a presence of this kind may go out now. Who asked for it is given back if so; else they wait until the
    /// server has answered, or are told that it cannot be.
    pub(super) fn may_present(
        &mut self,
        wanted: Show,
        askers: Vec<Ticket>,
        context: &mut Context,
    ) -> Option<Vec<Ticket>> {
        if self.hiding.awaited.is_none() {
            let step = match (wanted == Show::Invisible, self.hiding.hidden, &self.hiding.ability) {
                (true, true, _) | (false, false, _) => return Some(askers),
                (false, true, _) => Step::Appear,
                (true, false, Ability::Unknown) => Step::Ability,
                (true, false, Ability::Offered) => Step::Hide,
                (true, false, Ability::Missing | Ability::Refused(_)) => {
                    self.cannot_hide(askers, context);
                    return None;
                }
            };
            self.hiding.awaited = Some(step);
            self.take_step(step, context);
        }
        self.hiding.waiting.extend(askers);
        context.tell_presence(Delivery::Sent);
        None
    }

    /// Somebody wants to know whether the server can hide us.
    pub(super) fn can_hide(&mut self, ticket: Ticket, context: &mut Context) {
        match self.hiding.ability {
            _ if self.leaving.is_some() => context.reply(ticket, Outcome::NotOnline(None)),
            Ability::Offered => context.reply(ticket, Outcome::Done),
            Ability::Missing | Ability::Refused(_) => context.reply(ticket, self.hiding.refusal()),
            Ability::Unknown => {
                let asked = !self.hiding.curious.is_empty();
                self.hiding.curious.push(ticket);
                if !asked {
                    self.take_step(Step::Ability, context);
                }
            }
        }
    }

    /// The server answered, or did not in time.
    pub(super) fn hiding_answered(&mut self, step: Step, answer: Answer<'_>, context: &mut Context) {
        match (step, answer) {
            (Step::Ability, answer) => self.ability_told(answer.and_then(Result::ok).flatten(), context),
            (Step::Hide, Some(Ok(_))) => self.hiding.hidden = true,
            // It may have done it all the same: the next session begins anew.
            (Step::Hide, None) => self.hiding.ability = Ability::Missing,
            (Step::Hide, Some(Err(error))) => self.hiding.ability = Ability::Refused(error.clone()),
            // Who cannot be made visible is not hidden from what is sent next, either.
            (Step::Appear, _) => self.hiding.hidden = false,
        }
        if step != Step::Ability {
            self.keep_session(context);
        }
        let decides = self.hiding.awaited.take_if(|awaited| *awaited == step).is_some();
        if decides && self.leaving.is_none() {
            let waiting = self.hiding.take_waiting();
            self.present(waiting, context);
            self.advance_tune(context);
        }
    }

    fn take_step(&mut self, step: Step, context: &mut Context) {
        let asker = Asker::Hiding(step);
        match step {
            Step::Ability => {
                let server = Jid::from(jid::BareJid::from_parts(None, self.session.jid.domain()));
                self.ask(Some(server), false, Info::request(None), asker, context);
            }
            Step::Hide => self.ask(None, true, invisible::hide(), asker, context),
            Step::Appear => self.ask(None, true, invisible::appear(), asker, context),
        }
    }

    fn ability_told(&mut self, answer: Option<&Element>, context: &mut Context) {
        let offered = answer.is_some_and(invisible::is_offered);
        self.hiding.ability = if offered { Ability::Offered } else { Ability::Missing };
        let outcome = if offered { Outcome::Done } else { Outcome::Unsupported };
        for ticket in self.hiding.take_curious() {
            context.reply(ticket, outcome.clone());
        }
    }

    /// Nobody may see what was asked for: what contacts were shown before is taken back.
    fn cannot_hide(&mut self, askers: Vec<Ticket>, context: &mut Context) {
        let refusal = self.hiding.refusal();
        askers.into_iter().for_each(|asker| context.reply(asker, refusal.clone()));
        if self.is_seen() {
            let composed = context.outward.composed();
            self.show(&composed, Vec::new(), context);
        }
        context.tell_presence(Delivery::Pending);
    }
}
