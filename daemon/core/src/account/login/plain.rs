//! Connected without encryption: the one thing to be had here is TLS (RFC 6120 section 5). Nothing that is learned
//! here is kept, and nothing of ours but the domain's name is told.

use super::{Facts, Stage, Step, awaits_answer, open_stream};
use crate::account::context::Context;
use crate::loss::Loss;
use crate::negotiation;
use crate::stream::features::Features;
use crate::xml::{Element, Reader, ns};

/// A stream on which nothing may be said.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) reader: Reader,
    asked: bool,
}

impl Plain {
    pub(super) fn open(facts: &mut Facts, context: &mut Context) -> Self {
        Self { reader: open_stream(None, facts, context), asked: false }
    }

    pub(super) fn element(
        mut self: Box<Self>,
        element: Element,
        facts: &mut Facts,
        context: &mut Context,
    ) -> Result<Step, Loss> {
        if !self.asked {
            let features = Features::parse(&element).ok_or_else(|| Loss::Unexpected(element.name().to_owned()))?;
            negotiation::plain(&features)?;
            context.write_element(&Element::new("starttls", ns::TLS));
            awaits_answer(facts, context);
            self.asked = true;
            return Ok(Step::To(Stage::Plain(self)));
        }
        if element.is("proceed", ns::TLS) { Ok(Step::Secure) } else { Err(Loss::TlsRequired) }
    }
}
