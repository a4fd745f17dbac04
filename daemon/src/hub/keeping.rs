//! How long the history is kept: what is older than that is erased when the daemon starts, and from time to time.

use std::time::Duration;

use xmppd_core::time::{Moment, Wall};

use super::Hub;
use crate::host;
use crate::store::{Change, Store};

/// No message outstays its time by more than this, nor by more than a tenth of it.
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The store is not asked more often than this.
const SOONEST: Duration = Duration::from_secs(1);

impl Hub {
    /// Has messages erased that are older than the configuration says, and comes back for the next.
    pub(super) fn forget_old(&mut self) {
        let (keep, now) = (self.config.messages.keep, host::now());
        self.forget_at = now.moment + (keep / 10).clamp(SOONEST, LATEST);
        let keep = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        let before = Wall::from_unix_millis(now.wall.as_unix_millis().saturating_sub(keep));
        tokio::spawn(forget(self.store.clone(), before));
    }

    /// When that is.
    pub(super) fn next_forgetting(&self) -> Option<Moment> {
        Some(self.forget_at)
    }
}

/// Others get their turn in between.
async fn forget(store: Store, before: Wall) {
    while matches!(store.is_any_before(before).await, Ok(true)) {
        if let Err(error) = store.apply(vec![Change::Expired(before)]).await {
            return tracing::warn!("old messages could not be erased: {error}");
        }
    }
}
