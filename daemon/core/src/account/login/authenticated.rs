//! Both sides are proven: a new stream on the same connection, and a resource on it (RFC 6120 sections 6.3.2 and 7).

use jid::FullJid;

use super::{Bound, Facts, Stage, Step, awaits_answer, open_stream};
use crate::account::context::Context;
use crate::account::input::Security;
use crate::account::output::Session;
use crate::loss::Loss;
use crate::negotiation::{self, Bind};
use crate::sasl::{self, BindingType};
use crate::stanza::{Iq, IqKind, bind};
use crate::stream::features::{Features, StreamLimits};
use crate::xml::{Element, Reader};

/// A stream that is ours, without a resource.
#[derive(Debug)]
pub(super) struct Authenticated {
    pub(super) reader: Reader,
    security: Security,
    mechanism: String,
    channel_binding: Option<&'static str>,
    binding: Option<Binding>,
}

#[derive(Debug)]
struct Binding {
    id: String,
    offered: Bind,
    limits: StreamLimits,
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
        Self {
            reader: open_stream(Some(&from), facts, context),
            security,
            mechanism: proof.mechanism().to_string(),
            channel_binding: proof.binding().map(BindingType::name),
            binding: None,
        }
    }

    pub(super) fn element(
        mut self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        let name = element.name().to_owned();
        let Some(binding) = self.binding.take() else {
            let features = Features::parse(&element).ok_or(Loss::Unexpected(name))?;
            self.binding = Some(ask(&features, facts, context)?);
            return Ok(Step::To(Stage::Authenticated(self)));
        };
        let answer = Iq::parse(element).ok().filter(|iq| iq.id == binding.id);
        match answer.map(|iq| (iq.kind, iq.payload)) {
            Some((IqKind::Result, payload)) => {
                let jid = payload.as_ref().and_then(bind::parse).ok_or(Loss::Unexpected(name))?;
                Ok(Step::Done(Box::new(self.bound(own(jid, context)?, &binding, facts))))
            }
            Some((IqKind::Error(error), _)) => Err(Loss::Bind(Box::new(error))),
            Some((IqKind::Get | IqKind::Set, _)) | None => Err(Loss::Unexpected(name)),
        }
    }

    fn bound(self, jid: FullJid, binding: &Binding, facts: &mut Facts) -> Bound {
        let session = Session {
            jid,
            server: std::mem::take(&mut facts.server),
            tls: self.security.version,
            cipher: self.security.cipher,
            mechanism: self.mechanism,
            channel_binding: self.channel_binding,
            resumable: false,
            round_trips: facts.round_trips,
            bound_ms: 0,
        };
        let Bind { management, session_required } = binding.offered;
        Bound { session, reader: self.reader, offers_management: management, session_required, limits: binding.limits }
    }
}

fn ask(features: &Features, facts: &mut Facts, context: &mut Context) -> Result<Binding, Loss> {
    let offered = negotiation::authenticated(features)?;
    let id = context.entropy.id();
    let request = bind::request(Some(context.settings.resource.as_str()));
    context.write_element(&Iq::set(id.clone(), request).into_element());
    awaits_answer(facts, context);
    Ok(Binding { id, offered, limits: features.limits })
}

/// The address the server gave us, which must belong to the account (S26).
fn own(jid: FullJid, context: &Context) -> Result<FullJid, Loss> {
    if jid.to_bare() == context.settings.jid { Ok(jid) } else { Err(Loss::WrongAccount(jid.to_string())) }
}
