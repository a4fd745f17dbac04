//! The stages of a login, and what the server's frames mean in all of them.

use super::authenticated::Authenticated;
use super::authenticating::Authenticating;
use super::inline::Inline;
use super::opening::opened;
use super::plain::Plain;
use super::secured::Secured;
use super::{Facts, Step};
use crate::account::context::Context;
use crate::loss::Loss;
use crate::stream::error::StreamError;
use crate::xml::{Frame, Reader};

/// Where the login is.
#[derive(Debug)]
pub(super) enum Stage {
    /// The shell reads the password.
    Secret,
    /// The shell connects.
    Dialing,
    /// Connected, nothing encrypted.
    Plain(Box<Plain>),
    /// The shell does the TLS handshake.
    Securing,
    /// Inside TLS, nothing proven.
    Secured(Box<Secured>),
    /// The SASL exchange is under way.
    Authenticating(Box<Authenticating>),
    /// One request is to do everything.
    Inline(Box<Inline>),
    /// Both sides are proven.
    Authenticated(Box<Authenticated>),
}

impl Stage {
    /// What reads the server's side of the stream; nobody does while the shell is at work.
    pub(super) fn reader(&mut self) -> Option<&mut Reader> {
        match self {
            Self::Secret | Self::Dialing | Self::Securing => None,
            Self::Plain(stage) => Some(&mut stage.reader),
            Self::Secured(stage) => Some(&mut stage.reader),
            Self::Authenticating(stage) => Some(&mut stage.reader),
            Self::Inline(stage) => Some(&mut stage.reader),
            Self::Authenticated(stage) => Some(&mut stage.reader),
        }
    }

    /// A stream's header, its end and its errors mean the same in every stage; elements are the stage's own.
    pub(super) fn frame(self, frame: Frame, facts: &mut Facts, context: &mut Context) -> Result<Step, Loss> {
        let element = match frame {
            Frame::Open(header) => return opened(&header).map(|()| Step::To(self)),
            Frame::Close => return Err(Loss::Closed),
            Frame::Element(element) => element,
        };
        if let Some(error) = StreamError::parse(&element) {
            return Err(Loss::Stream(Box::new(error)));
        }
        match self {
            Self::Secret | Self::Dialing | Self::Securing => Err(Loss::Injected),
            Self::Plain(stage) => stage.element(element, facts, context),
            Self::Secured(stage) => stage.element(element, facts, context),
            Self::Authenticating(stage) => stage.element(element, facts, context),
            Self::Inline(stage) => stage.element(element, facts, context),
            Self::Authenticated(stage) => stage.element(element, facts, context),
        }
    }

    pub(super) fn awaits(&self) -> &'static str {
        match self {
            Self::Secret | Self::Dialing => "the server could not be reached in time",
            Self::Securing => "the server did not finish the TLS handshake in time",
            Self::Plain(_) | Self::Secured(_) => "the server did not say in time what it offers",
            Self::Authenticating(_) | Self::Inline(_) => "the server did not finish the login in time",
            Self::Authenticated(_) => "the server did not bind a resource in time",
        }
    }
}
