//! Both sides are proven: a new stream on the same connection, and a resource on it (RFC 6120 sections 6.3.2 and 7).

use jid::FullJid;

use super::{Bound, Facts, Managed, Stage, Step, Woken, awaits_answer, open_stream};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::account::online::{Abilities, ClientState};
use crate::account::output::{Profile, Session};
use crate::loss::Loss;
use crate::negotiation::{self, Bind};
use crate::sasl::{self, BindingType};
use crate::stanza::management::Management;
use crate::stanza::{Iq, IqKind, bind};
use crate::stream::features::{Features, StreamLimits};
use crate::xml::{Element, Reader};

/// A stream that is ours, without a resource.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub(super) reader: Reader,
    proven: Proven,
    progress: Progress,
}

/// How far the stream has come.
#[derive(Debug)]
enum Progress {
    /// The features are to come.
    Opened,
    /// The server looks for the session of before; else a resource is bound.
    Resuming(Box<Features>),
    /// The server binds a resource.
    Binding(Binding),
}

/// What the proof of a login tells about the session that follows.
#[derive(Debug)]
pub(super) struct Proven {
    security: Security,
    mechanism: String,
    channel_binding: Option<&'static str>,
    profile: Profile,
}

impl Proven {
    pub(super) fn new(proof: &sasl::Authenticated, security: Security, profile: Profile) -> Self {
        let channel_binding = proof.binding().map(BindingType::name);
        Self { security, mechanism: proof.mechanism().to_string(), channel_binding, profile }
    }

    /// The session of before goes on, if it is the one that was asked for.
    pub(super) fn resumed(
        self,
        previd: &str,
        h: u32,
        reader: Reader,
        facts: &mut Facts,
        context: &Context,
    ) -> Result<Box<Woken>, Loss> {
        let asleep = context.asleep.as_ref().filter(|asleep| asleep.is(previd));
        let jid = asleep.map(|asleep| asleep.jid().clone()).ok_or_else(|| Loss::Unexpected("resumed".into()))?;
        Ok(Box::new(Woken { session: self.session(jid, facts), reader, h }))
    }

    /// The facts of the session with this address.
    pub(super) fn session(self, jid: FullJid, facts: &mut Facts) -> Session {
        Session {
            jid,
            server: std::mem::take(&mut facts.server),
            tls: self.security.version,
            cipher: self.security.cipher,
            mechanism: self.mechanism,
            channel_binding: self.channel_binding,
            profile: self.profile,
            resumable: false,
            resumed: false,
            round_trips: facts.round_trips,
            bound_ms: 0,
        }
    }
}

#[derive(Debug)]
struct Binding {
    id: String,
    offered: Bind,
    limits: StreamLimits,
    /// The server wants to know whether anybody looks.
    client_state: bool,
    abilities: Abilities,
}

impl Authenticated {
    /// Starts the stream anew; the proof shows that this may be done.
    pub(super) fn open(
        proof: &sasl::Authenticated,
        security: Security,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Self {
        let from = context.settings.jid.to_string();
        let proven = Proven::new(proof, security, Profile::Sasl);
        Self { reader: open_stream(Some(&from), facts, context), proven, progress: Progress::Opened }
    }

    /// Goes on with the stream as it is: the features follow.
    pub(super) fn on_same_stream(reader: Reader, proven: Proven) -> Self {
        Self { reader, proven, progress: Progress::Opened }
    }

    pub(super) fn element(
        mut self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        let name = element.name().to_owned();
        match std::mem::replace(&mut self.progress, Progress::Opened) {
            Progress::Opened => {
                let features = Features::parse(&element).ok_or(Loss::Unexpected(name))?;
                self.progress = resume_or_bind(features, facts, context)?;
                Ok(Step::To(Stage::Authenticated(self)))
            }
            Progress::Resuming(features) => match Management::parse(&element) {
                Some(Management::Resumed { previd, h }) => {
                    self.proven.resumed(&previd, h, self.reader, facts, context).map(Step::Resumed)
                }
                Some(Management::Failed { h, .. }) => {
                    context.forget_session(h);
                    self.progress = Progress::Binding(ask(&features, facts, context)?);
                    Ok(Step::To(Stage::Authenticated(self)))
                }
                Some(Management::Enabled { .. } | Management::Request | Management::Ack { .. }) | None => {
                    Err(Loss::Unexpected(name))
                }
            },
            Progress::Binding(binding) => self.answered(element, &binding, facts, context),
        }
    }

    fn answered(
        self: Box<Self>,
        element: Element,
        binding: &Binding,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        let name = element.name().to_owned();
        let answer = Iq::parse(element).ok().filter(|iq| iq.id == binding.id);
        match answer.map(|iq| (iq.kind, iq.payload)) {
            Some((IqKind::Result, payload)) => {
                let jid = payload.as_ref().and_then(bind::parse).ok_or(Loss::Unexpected(name))?;
                Ok(Step::Done(Box::new(self.bound(own(jid, context)?, binding, facts))))
            }
            Some((IqKind::Error(error), _)) => Err(Loss::Bind(Box::new(error))),
            Some((IqKind::Get | IqKind::Set, _)) | None => Err(Loss::Unexpected(name)),
        }
    }

    fn bound(self, jid: FullJid, binding: &Binding, facts: &mut Facts) -> Bound {
        let session = self.proven.session(jid, facts);
        let Bind { management, session_required } = binding.offered;
        let managed = if management { Managed::Offered } else { Managed::Absent };
        let client_state = ClientState::offered(binding.client_state);
        let Binding { limits, abilities, .. } = *binding;
        Bound {
            session,
            reader: self.reader,
            managed,
            session_required,
            limits,
            client_state,
            abilities,
            carbons: false,
        }
    }
}

/// A session that can be resumed is looked for before any resource is bound: binding would end it.
fn resume_or_bind(features: Features, facts: &mut Facts, context: &mut Context) -> Result<Progress, Loss> {
    if features.management
        && let Some(request) = context.resumption()
    {
        facts.resuming = true;
        context.write_element(&request);
        awaits_answer(facts, context);
        return Ok(Progress::Resuming(Box::new(features)));
    }
    context.forget_session(None);
    ask(&features, facts, context).map(Progress::Binding)
}

fn ask(features: &Features, facts: &mut Facts, context: &mut Context) -> Result<Binding, Loss> {
    let offered = negotiation::authenticated(features)?;
    let id = context.entropy.id();
    let request = bind::request(Some(context.settings.resource.as_str()));
    context.write_element(&Iq::set(id.clone(), request).into_element());
    awaits_answer(facts, context);
    let abilities = Abilities::of(features);
    Ok(Binding { id, offered, limits: features.limits, client_state: features.client_state, abilities })
}

/// The address the server gave us, which must belong to the account (S26).
fn own(jid: FullJid, context: &Context) -> Result<FullJid, Loss> {
    if jid.to_bare() == context.settings.jid { Ok(jid) } else { Err(Loss::WrongAccount(jid.to_string())) }
}
