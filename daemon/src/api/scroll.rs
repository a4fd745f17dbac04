//! `scroll` and its verbs: a text that runs through the status, or a look at it beforehand.

use std::time::Duration;

use xmppd_core::presence::Marquee;
use xmppd_core::text;
use xmppd_proto::reply::{ScrollFrames, StatusReport};
use xmppd_proto::request::{Scroll, ScrollOff, ScrollPreview};
use xmppd_proto::{Failure, duration};

use super::desk::Desk;
use super::status::until;
use crate::hub;

/// The pause between two steps when none is asked for.
const EVERY: Duration = Duration::from_secs(3);
/// The shortest one: contacts are told every step.
const SHORTEST: Duration = Duration::from_secs(1);
/// How many graphemes are seen at once when nothing else is asked for, and how few and many may be.
const WIDTH: u16 = 24;
const WIDTHS: std::ops::RangeInclusive<u16> = 2..=100;

impl Desk {
    /// Lets a text scroll, and waits for the servers to have its beginning.
    pub(super) async fn scroll(&self, params: Scroll) -> Result<StatusReport, Failure> {
        let marquee = marquee(&params.text, params.width)?;
        let every = params.every_ms.map_or(EVERY, Duration::from_millis);
        if every < SHORTEST {
            let message = format!("a step every {} is too often for your contacts", duration::format(every));
            return Err(Failure::usage(message).with_hint("write --every 1s or more; --dry-run shows it at full speed"));
        }
        let until = until(params.for_ms, None)?;
        let asked = self.hub.scroll(params.account.clone(), hub::Scroller::new(marquee, every, until)).await?;
        self.in_force(asked, (None, false), params.account).await
    }

    /// Ends the scrolling; what is under it shows again.
    pub(super) async fn scroll_off(&self, params: ScrollOff) -> Result<StatusReport, Failure> {
        let asked = self.hub.clear_status(params.account.clone(), Some(hub::Cleared::Scroll)).await?;
        self.in_force(asked, (None, false), params.account).await
    }
}

/// What would be seen of it.
pub(super) fn preview(params: &ScrollPreview) -> Result<ScrollFrames, Failure> {
    let marquee = marquee(&params.text, params.width)?;
    Ok(ScrollFrames { frames: (0..marquee.steps()).map(|step| marquee.window(step)).collect() })
}

fn marquee(text: &str, width: Option<u16>) -> Result<Marquee, Failure> {
    let width = width.unwrap_or(WIDTH);
    if !WIDTHS.contains(&width) {
        let hint = format!("write --width {} to {}", WIDTHS.start(), WIDTHS.end());
        return Err(Failure::usage(format!("a window of {width} is no window for a text")).with_hint(hint));
    }
    let text = text::line(text, text::READ).ok_or_else(|| Failure::usage("there is no text to scroll"))?;
    Ok(Marquee::new(&text, width.into()))
}
