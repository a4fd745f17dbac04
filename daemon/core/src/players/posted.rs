//! The player that posts are from: there from the first post on, and gone when nothing is posted for too long. Reading
//! posts is [`super::post`]'s.

use std::time::Duration;

use super::post::{POSTED, Post};
use super::{Playback, Players};
use crate::time::Moment;

impl Players {
    pub(super) fn post(&mut self, post: Post, patience: Duration, now: Moment) {
        self.expire_posted(now);
        let Post { playback, metadata, player, lasts } = post;
        let known = self.player(POSTED).map(|player| player.playback);
        if known.is_none() || player.is_some() {
            self.appear(POSTED, POSTED.to_owned(), player.as_deref(), now);
        }
        // Who only says that it is there is not believed any longer for that.
        if known.is_none() || playback.is_some() {
            let is_over = playback.or(known).is_none_or(|playback| playback != Playback::Playing);
            self.posted_until = Some(now + lasts.filter(|_| !is_over).unwrap_or(patience));
        }
        self.change(POSTED, playback, metadata.as_ref(), now);
    }

    pub(super) fn expire_posted(&mut self, now: Moment) {
        let there = self.player(POSTED).is_some();
        if self.posted_until.is_some_and(|until| until <= now || !there) {
            self.posted_until = None;
            self.vanish(POSTED);
        }
    }
}
